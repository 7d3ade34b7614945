"""Many instances: workers as separate processes over PostgreSQL, fed by the Cloud Tasks emulator.

`make scale` runs 20,000 rows, 30 % of them duplicates, over 4 workers. With --compare it runs 8,000 rows over 1, 2 and
4 workers against a provider of 200 ms, and prints how much faster that is; each has so few lookups in flight that it
waits for the provider most of the time. Where the CPUs are busy nevertheless, they are the limit, and it says so.
"""

from __future__ import annotations

import random
import tempfile
from dataclasses import dataclass
from pathlib import Path

import click
import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.jobs import PLENTY, run
from tests.support.cluster import cluster
from tests.support.postgresql import server

FIELDS = ["email", "title", "company", "size"]
DUPLICATES = 0.3
COMPARED = (1, 2, 4)
COMPARED_ROWS, COMPARED_LATENCY_S, COMPARED_CONCURRENCY = 8_000, 0.2, 4
WANTED = {2: 1.8, 4: 3.4}
"""The least speed-up over one worker, by number of workers."""
BUSY = 0.85
"""From such a share of the CPUs on, they are what limits the rate."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One run over so many workers."""

    workers: int
    rows: int
    took_s: float
    busy: float
    """Share of this machine's CPUs that were busy, with whatever."""

    @property
    def rate(self) -> float:
        """Rows a second."""
        return self.rows / self.took_s


def leads(rows: int, seed: int) -> tuple[list[list[str]], int]:
    """A sheet with so many rows, some of them duplicates; and how many people that are."""
    draw = random.Random(seed)
    people = max(1, round(rows * (1 - DUPLICATES)))
    numbers = [*range(people), *(draw.randrange(people) for _ in range(rows - people))]
    draw.shuffle(numbers)
    return [["LinkedIn"], *([f"https://www.linkedin.com/in/scale-{seed}-{number}"] for number in numbers)], people


def measure(rows: int, workers: int, latency_s: float, concurrency: int, seed: int) -> Measured:
    """Runs the rows over so many workers; checks that each is done, and each person paid for once."""
    values, people = leads(rows, seed)
    with (
        tempfile.TemporaryDirectory() as folder,
        server() as database,
        cluster(
            Path(folder),
            workers=workers,
            DATABASE_URL=database.database(),
            SLINTEL_CONCURRENCY=str(concurrency),
            **PLENTY,
        ) as running,
    ):
        running.steer("sandbox", "PUT", "_sandbox/switches", {"latency_s": latency_s})
        psutil.cpu_percent()  # from here on
        ran = run(running, values, FIELDS)
        busy = psutil.cpu_percent() / 100
        real = running.steer("sandbox", "GET", "_sandbox/charges")["total"]
    job = ran.job
    assert job["state"] == "done", job
    assert job["counts"] == {"enriched": people, "known": rows - people}, job
    assert float(job["credits"][0]["charged"]) == real == people, f"{job['credits']}, the provider counts {real}"
    assert float(job["credits"][0]["in_doubt"]) == 0
    return Measured(workers, rows, ran.took_s, busy)


def shown(found: list[Measured]) -> Table:
    """The rates, and what they are of the first one's."""
    table = Table("workers", "rows", "took", "rows/s", "times as fast", "wanted", "CPUs busy")
    for each in found:
        times = each.rate / found[0].rate
        table.add_row(
            str(each.workers),
            f"{each.rows:,}",
            f"{each.took_s:.1f} s",
            f"{each.rate:,.0f}",
            f"{times:.2f}",
            f"≥ {WANTED[each.workers]}" if each.workers in WANTED and len(found) > 1 else "",
            f"{each.busy:.0%}" + (", the limit" if each.busy >= BUSY else ""),
        )
    table.caption = f"each row done, each person paid for once; {psutil.cpu_count()} CPUs"
    return table


@click.command()
@click.option("--rows", type=int, help="20,000; with --compare 8,000.")
@click.option("--workers", default=4, show_default=True)
@click.option("--latency-s", default=0.05, show_default=True, help="Of the provider.")
@click.option("--concurrency", default=16, show_default=True, help="Lookups in flight per worker.")
@click.option("--compare", is_flag=True, help="1, 2 and 4 workers with 8 in flight each, a provider of 200 ms.")
def main(*, rows: int | None, workers: int, latency_s: float, concurrency: int, compare: bool) -> None:
    """Run ROWS over several workers, PostgreSQL and Cloud Tasks on this machine."""
    if compare:
        size, latency_s, concurrency = rows or COMPARED_ROWS, COMPARED_LATENCY_S, COMPARED_CONCURRENCY
        found = [measure(size, number, latency_s, concurrency, seed=number) for number in COMPARED]
    else:
        found = [measure(rows or 20_000, workers, latency_s, concurrency, seed=1)]
    Console().print(shown(found))


if __name__ == "__main__":
    main()
