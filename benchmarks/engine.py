"""Speed and memory of the enricher, side by side in one run with what it is measured against.

Run: `python -m benchmarks.engine` (about ten minutes). Every figure is a ratio within this run. The provider is the
sandbox, in a process of its own on the same machine; the share of a core that it takes stands beside the rate.
"""

from __future__ import annotations

import csv
import os
import re
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote, urlsplit
from uuid import uuid4

import click
import psutil
import requests
from rich.console import Console
from rich.table import Table

from functions.credits.caps import Allowance, Limits, Spender
from functions.enrichment.dispatcher import Dispatcher
from functions.enrichment.enricher import Enricher
from functions.outcomes import Outcome
from functions.profiles import Profile, parse
from functions.providers import slintel
from functions.providers.slintel import Slintel
from functions.store import schema
from functions.store.database import Store
from functions.store.leads import Freshness
from local.providers.client import Sandbox, without_limits

ROOT = Path(__file__).parents[1]
NO_CAP = Decimal(10**9)
PLENTY = Limits(per_run=Allowance(NO_CAP), per_user_day=Allowance(NO_CAP), per_month=Allowance(NO_CAP))
SETTINGS = (0.2, 32, 3_200), (0.05, 16, 4_800), (0.2, 256, 12_800)
"""Seconds of an answer, lookups in flight, rows."""
LOOP_ROWS = 25
"""Rows for the loop: it is so slow that a few show its rate."""


@dataclass(frozen=True)
class Measured:
    """The cost of some rows."""

    rows: int
    wall_s: float
    cpu_s: float
    provider_cpu_s: float = 0.0

    @property
    def provider_load(self) -> float:
        """Cores that the stand-in took: near 1, it was the limit."""
        return self.provider_cpu_s / self.wall_s

    @property
    def per_s(self) -> float:
        """Rows a second."""
        return self.rows / self.wall_s

    @property
    def cpu_ms(self) -> float:
        """CPU of this process, per row."""
        return self.cpu_s / self.rows * 1000


def measure(rows: int, work: Callable[[], object], sandbox: Sandbox | None = None) -> Measured:
    """Times `work` over `rows` rows, and the stand-in that it asks."""
    stand_in = psutil.Process(sandbox.pid).cpu_times if sandbox else None
    before_s = sum(stand_in()[:2]) if stand_in else 0.0
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    wall_s, cpu_s = time.perf_counter() - wall, time.process_time() - cpu
    return Measured(rows, wall_s, cpu_s, sum(stand_in()[:2]) - before_s if stand_in else 0.0)


def people(count: int) -> list[Profile]:
    """Distinct profiles that nobody asked for before."""
    batch = uuid4().hex[:6]
    return [parse(f"linkedin.com/in/bench-{batch}-{number}") for number in range(count)]


def loop(sandbox: Sandbox, persons: list[Profile]) -> None:
    """The Python example of the provider's documentation, once per person."""
    for person in persons:
        address = f"{sandbox.url}/lead/enrich?linkedin_url={person.url}"
        requests.request("GET", address, headers={"x-api-key": "loop"}, data={}, timeout=60).raise_for_status()


def bare(sandbox: Sandbox, persons: list[Profile], concurrency: int) -> None:
    """A pooled session on threads, without any ledger: what the enricher may cost on top of."""
    session = requests.Session()
    session.trust_env = False
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=concurrency, pool_block=True))

    def look_up(person: Profile) -> object:
        parameters = {"linkedin_url": person.url}
        answer = session.get(f"{sandbox.url}/lead/enrich", params=parameters, headers={"x-api-key": "bare"}, timeout=60)
        return answer.json()

    with ThreadPoolExecutor(concurrency) as threads:
        for future in as_completed([threads.submit(look_up, person) for person in persons]):
            future.result()


def bytes_only(sandbox: Sandbox, persons: list[Profile], concurrency: int) -> None:
    """Requests that are written and answers that are read as bytes, in one thread: the most that can be seen here.

    It understands nothing of an answer but its length, so what is missing to the limit is the stand-in's time and that
    of the machine.
    """
    address, left = urlsplit(sandbox.url), iter(persons)

    def send(connection: socket.socket) -> bool:
        if (person := next(left, None)) is None:
            return False
        path = f"{address.path}/lead/enrich?linkedin_url={quote(person.url, safe='')}"
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\nx-api-key: bytes\r\n\r\n".encode())
        return True

    with selectors.DefaultSelector() as selector, ExitStack() as opened:
        for _ in range(min(concurrency, len(persons))):
            connection = opened.enter_context(socket.create_connection((address.hostname, address.port)))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(connection, selectors.EVENT_READ, bytearray())
            send(connection)
        while selector.get_map():
            for key, _ in selector.select():
                ready, came = key.fileobj, key.data
                assert isinstance(ready, socket.socket)
                came += ready.recv(65_536)
                head, _, body = bytes(came).partition(b"\r\n\r\n")
                length = re.search(rb"(?i)content-length: ([0-9]+)", head)
                if length is not None and len(body) == int(length[1]):
                    came.clear()
                    if not send(ready):
                        selector.unregister(ready)


def enricher(sandbox: Sandbox, folder: Path, concurrency: int) -> Enricher:
    """An enricher over a new store on disk."""
    store = Store(f"sqlite:///{folder / uuid4().hex}.db")
    with store.writing() as connection:
        schema.metadata.create_all(connection)
    slintel = Slintel(sandbox.url, "leadfill", concurrency=concurrency, timeout_s=35)
    fresh = Freshness(lead=timedelta(days=180), miss=timedelta(days=30))
    return Enricher(store=store, dispatchers={"slintel": Dispatcher(slintel, concurrency)}, limits=PLENTY, fresh=fresh)


def enrich(with_: Enricher, persons: list[Profile]) -> Counter[Outcome]:
    """One run; decodes every lead, as whoever writes it somewhere must."""
    outcomes: Counter[Outcome] = Counter()
    for result in with_.enrich(persons, Spender(run_id=uuid4().hex, user_id="bench", ceilings={slintel.NAME: NO_CAP})):
        assert result.lead
        outcomes[result.outcome] += 1
    return outcomes


def median(figures: list[Measured]) -> Measured:
    """Each figure's own median over the rounds: the machine has other things to do as well."""
    return Measured(
        figures[0].rows,
        statistics.median(figure.wall_s for figure in figures),
        statistics.median(figure.cpu_s for figure in figures),
        statistics.median(figure.provider_cpu_s for figure in figures),
    )


def speed(
    sandbox: Sandbox, folder: Path, *, latency_s: float, concurrency: int, rows: int, rounds: int, table: Table
) -> None:
    """The enricher against the loop, bytes alone, the bare pool and the limit, taking turns."""
    sandbox.switch(latency_s=latency_s)
    limit = concurrency / latency_s
    loops, wires, pools, runs = [], [], [], []
    for _ in range(rounds):
        loops.append(measure(LOOP_ROWS, lambda: loop(sandbox, people(LOOP_ROWS)), sandbox))
        wires.append(measure(rows, lambda: bytes_only(sandbox, people(rows), concurrency), sandbox))
        pools.append(measure(rows, lambda: bare(sandbox, people(rows), concurrency), sandbox))
        engine = enricher(sandbox, folder, concurrency)
        runs.append(measure(rows, lambda: enrich(engine, people(rows)), sandbox))  # noqa: B023 - called before the next round
        engine.close()
    slow, wire, pooled, ours = median(loops), median(wires), median(pools), median(runs)
    title = f"{latency_s * 1000:.0f} ms, {concurrency} in flight"
    of_pooled = statistics.median(run.per_s / pool.per_s for pool, run in zip(pools, runs, strict=True))
    named = {"the documentation's loop": slow, "bytes alone": wire, "bare pooled session": pooled, "Leadfill": ours}
    for name, figure in named.items():
        table.add_row(
            title,
            name,
            f"{figure.per_s:,.1f}",
            f"{figure.per_s / limit:.1%}",
            f"{figure.per_s / wire.per_s:.1%}",
            f"{figure.per_s / slow.per_s:.1f}x",
            f"{figure.cpu_ms:.2f}",
            f"{figure.cpu_ms / pooled.cpu_ms:.2f}x",
            f"{of_pooled if figure is ours else figure.per_s / pooled.per_s:.2f}x",
            f"{figure.provider_load:.2f}",
        )


def known(sandbox: Sandbox, folder: Path) -> None:
    """Duplicates and known people."""
    sandbox.switch(latency_s=0.0)
    sandbox.reset()
    engine = enricher(sandbox, folder, 16)
    person = people(1) * 10_000
    duplicates = measure(10_000, lambda: enrich(engine, person))
    print(f"10,000 rows of one person: {sandbox.charges()['total']} lookup, {duplicates.per_s:,.0f} rows/s")
    persons = people(20_000)
    first = measure(20_000, lambda: enrich(engine, persons))
    again = measure(20_000, lambda: enrich(engine, persons))
    print(f"20,000 people without latency: {first.per_s:,.0f} rows/s; known: {again.per_s:,.0f} rows/s")
    engine.close()


def memory(sandbox: Sandbox, folder: Path) -> None:
    """Peak memory of the command line over 10,000 and 100,000 distinct rows."""
    peaks = {}
    for rows in (10_000, 100_000):
        path = folder / f"{rows}.csv"
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["Name", "LinkedIn"])
            writer.writerows(["somebody", person.url] for person in people(rows))
        environment = os.environ | {
            **without_limits(),
            "SLINTEL_API_KEY": "memory",
            "SLINTEL_BASE_URL": sandbox.url,
            "DATABASE_URL": f"sqlite:///{folder / path.stem}.db",
            "SLINTEL_CONCURRENCY": "32",
            "CREDITS_PER_RUN": "1000000",
            "CREDITS_PER_USER_DAY": "1000000",
            "CREDITS_PER_MONTH": "1000000",
        }
        command = [sys.executable, "-m", "local.enrich", str(path), "--yes"]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        peaks[rows] = usage.ru_maxrss / 1024
        print(f"{rows:,} rows: peak memory {peaks[rows]:,.0f} MB")
    print(f"100,000 rows take {peaks[100_000] / peaks[10_000]:.2f}x the memory of 10,000")


@click.command()
@click.option("--only", type=click.Choice(["speed", "known", "memory"]), help="One part of it.")
@click.option("--rounds", default=5, show_default=True, help="Medians over so many rounds of speed.")
@click.option("--in-flight", type=int, help="Of speed: only with so many lookups in flight.")
@click.option("--share", default=1.0, show_default=True, help="Of the rows of speed.")
def main(only: str | None, rounds: int, in_flight: int | None, share: float) -> None:
    """Measures speed, known people and memory."""
    with tempfile.TemporaryDirectory() as temporary, Sandbox() as sandbox:
        folder = Path(temporary)
        if only in {None, "speed"}:
            table = Table(
                "Slintel",
                "who",
                "rows/s",
                "of limit",
                "of bytes",
                "of loop",
                "CPU ms/row",
                "of bare",
                "rows/s of bare",
                "provider's cores",
            )
            for latency_s, concurrency, rows in SETTINGS:
                if in_flight in {None, concurrency}:
                    count = int(rows * share)
                    speed(
                        sandbox,
                        folder,
                        latency_s=latency_s,
                        concurrency=concurrency,
                        rows=count,
                        rounds=rounds,
                        table=table,
                    )
            Console(width=130).print(table)
        if only in {None, "known"}:
            known(sandbox, folder)
        if only in {None, "memory"}:
            memory(sandbox, folder)


if __name__ == "__main__":
    main()
