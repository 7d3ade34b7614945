"""The rate of lookups against a key that really refuses what is too much, shared by several instances.

Run: `python -m benchmarks.rate` (about four minutes). The key allows 10 requests a second in bursts of 10, as Slintel
documents it. Four instances over PostgreSQL, fed by the Cloud Tasks emulator, then two processes over SQLite, share it
for a minute each. After that the key is refused at random, as if another system used it too.
"""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import click
from rich.console import Console
from rich.table import Table

from functions import bootstrap
from functions.credits.caps import Spender
from functions.profiles import parse
from functions.settings import read
from local.providers.client import Sandbox, without_limits
from tests.support.cluster import cluster
from tests.support.enrichers import allowed, people, spender, waterfall
from tests.support.postgresql import server
from tests.support.running import attach

PER_S = 10.0
LATENCY_S = 0.2
INSTANCES, PROCESSES = 4, 2
ROWS = 4_000
"""More than a minute has time for, in so many chunks that every instance has one."""
LEAST, MOST_REFUSED = 0.95, 0.01
"""The least share of the rate, and the largest share of refused requests, over a minute."""
REFUSED_AT_RANDOM = 0.05
LEAST_AT_RANDOM = 0.7
"""The least share of what the key allows then."""
LIMITS = {"SLINTEL_PER_SECOND": "10", "SLINTEL_PER_DAY": "10000"}


@dataclass(frozen=True, slots=True)
class Measured:
    """What the provider has seen."""

    name: str
    seconds: float
    charges: int
    requests: int
    allowed_per_s: float
    least: float
    """The least share of it."""
    most_refused: float = 1.0

    @property
    def per_s(self) -> float:
        """Lookups a second."""
        return self.charges / self.seconds

    @property
    def refused(self) -> float:
        """The share of requests that were refused."""
        return 1 - self.charges / self.requests

    @property
    def is_kept(self) -> bool:
        """Whether the figures are what they must be."""
        return self.per_s >= self.least * self.allowed_per_s and self.refused <= self.most_refused


def observe(sandbox: Sandbox, name: str, seconds: float, allowed_per_s: float, **wanted: float) -> Measured:
    """Counts for so long, from the first lookup on."""
    until_s = time.monotonic() + 120
    while not sandbox.charges()["total"]:
        assert time.monotonic() < until_s, "nobody asks"
        time.sleep(0.02)
    first, began_s = sandbox.charges(), time.monotonic()
    time.sleep(seconds)
    last, took_s = sandbox.charges(), time.monotonic() - began_s
    charges, requests = (last[count] - first[count] for count in ("total", "requests"))
    return Measured(name, took_s, charges, requests, allowed_per_s, **wanted)


def in_the_cloud(seconds: float) -> Measured:
    """Four instances over PostgreSQL work a job off, fed by the Cloud Tasks emulator."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        database = stack.enter_context(server()).database()
        settings = LIMITS | {"DATABASE_URL": database, "CREDITS_PER_RUN": "100000", "CREDITS_PER_USER_DAY": "100000"}
        running = attach(stack.enter_context(cluster(folder, workers=INSTANCES, **settings)), stack)
        running.sandbox.switch(latency_s=LATENCY_S, burst_per_s=PER_S)
        running.start(running.sheet([f"https://www.linkedin.com/in/rate-{number}" for number in range(ROWS)]))
        name = f"{INSTANCES} instances, PostgreSQL, Cloud Tasks"
        return observe(running.sandbox, name, seconds, PER_S, least=LEAST, most_refused=MOST_REFUSED)


def ask(environ: dict[str, str], number: int) -> None:
    """Asks for people until it is killed, as one process of a deployment."""
    settings = read(environ)
    enricher = bootstrap.enricher(settings, bootstrap.store(settings))
    persons = (parse(f"linkedin.com/in/rate-{number}-{row}") for row in range(ROWS))
    spending = Spender(run_id=uuid4().hex, user_id="bench", ceilings=allowed(ROWS))
    for result in enricher.enrich(persons, spending):
        assert result.known


@contextmanager
def asking(environ: dict[str, str], processes: int) -> Iterator[None]:
    """While the block runs, so many processes ask."""
    bootstrap.store(read(environ)).close()
    context = multiprocessing.get_context("spawn")
    started = [context.Process(target=ask, args=(environ, number)) for number in range(processes)]
    for process in started:
        process.start()
    try:
        yield
    finally:
        for process in started:
            process.kill()
            process.join()


def on_one_machine(seconds: float) -> Measured:
    """Two processes share an SQLite file."""
    with tempfile.TemporaryDirectory() as folder, Sandbox() as sandbox:
        sandbox.switch(latency_s=LATENCY_S, burst_per_s=PER_S)
        with asking(_environ(sandbox, folder) | LIMITS, PROCESSES):
            name = f"{PROCESSES} processes, SQLite"
            return observe(sandbox, name, seconds, PER_S, least=LEAST, most_refused=MOST_REFUSED)


def refused_at_random(seconds: float) -> Measured:
    """The same, and another system uses the key."""
    with tempfile.TemporaryDirectory() as folder, Sandbox() as sandbox:
        sandbox.switch(latency_s=LATENCY_S, burst_per_s=PER_S, throttled_rate=REFUSED_AT_RANDOM)
        with asking(_environ(sandbox, folder) | LIMITS, PROCESSES):
            name = f"{PROCESSES} processes, SQLite, {REFUSED_AT_RANDOM:.0%} refused at random"
            allowed_per_s = PER_S * (1 - REFUSED_AT_RANDOM)
            return observe(sandbox, name, seconds, allowed_per_s, least=LEAST_AT_RANDOM)


def unlimited_and_refused_at_random(seconds: float) -> Measured:
    """A key without a limit, as fast as one process asks; compared with the same without refusals."""
    free = unlimited(seconds / 2, refused=0.0, allowed_per_s=1.0)
    return unlimited(seconds / 2, refused=REFUSED_AT_RANDOM, allowed_per_s=free.per_s * (1 - REFUSED_AT_RANDOM))


def unlimited(
    seconds: float, *, refused: float, allowed_per_s: float, concurrency: int = 16, latency_s: float = 0.05
) -> Measured:
    """One process over SQLite, whose settings keep no limit."""
    with tempfile.TemporaryDirectory() as folder, Sandbox() as sandbox:
        sandbox.switch(latency_s=latency_s, throttled_rate=refused)
        settings = read(_environ(sandbox, folder) | without_limits(["slintel"]))
        with closing(bootstrap.store(settings)) as store:
            enricher = waterfall(store, [sandbox], concurrency=concurrency)
            count = int(seconds * concurrency / latency_s)
            began_s = time.monotonic()
            for result in enricher.enrich(people(count), spender(ceiling=count)):
                assert result.known, result
            took_s, charges = time.monotonic() - began_s, sandbox.charges()
            enricher.close()
        name = f"1 process, no limit, {refused:.0%} refused at random"
        return Measured(name, took_s, charges["total"], charges["requests"], allowed_per_s, LEAST_AT_RANDOM)


def _environ(sandbox: Sandbox, folder: str) -> dict[str, str]:
    return {
        "DATABASE_URL": f"sqlite:///{Path(folder, 'rate.db')}",
        "SLINTEL_API_KEY": "key",
        "SLINTEL_BASE_URL": sandbox.url,
    }


PARTS: dict[str, Callable[[float], Measured]] = {
    "cloud": in_the_cloud,
    "machine": on_one_machine,
    "random": refused_at_random,
    "unlimited": unlimited_and_refused_at_random,
}


@click.command()
@click.option("--only", type=click.Choice(list(PARTS)), help="One part of it.")
@click.option("--seconds", default=60.0, show_default=True, help="Of each part.")
def main(*, only: str | None, seconds: float) -> None:
    """Measure how much of a key's rate several instances use together, and how often they are refused."""
    found = [measure(seconds) for name, measure in PARTS.items() if only in {None, name}]
    table = Table("who", "lookups/s", "of what the key allows", "refused")
    for one in found:
        share = f"{one.per_s / one.allowed_per_s:.1%} (≥ {one.least:.0%})"
        wanted = f" (≤ {one.most_refused:.0%})" if one.most_refused < 1 else ""
        table.add_row(one.name, f"{one.per_s:.2f}", share, f"{one.refused:.2%}{wanted}")
    Console(width=120).print(table)
    assert all(one.is_kept for one in found), "a figure is not what it must be"


if __name__ == "__main__":
    main()
