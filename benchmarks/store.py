"""Cost of the store for a lookup on both databases: round trips, and the wait for counters that all instances share.

Run: `python -m benchmarks.store` (about a minute). It starts a server of its own on this machine.
"""

from __future__ import annotations

import multiprocessing
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any
from uuid import uuid4

import click
import sqlalchemy as sa
from rich.console import Console
from rich.table import Table

from functions.credits.caps import Allowance, Cap, Limits, Spender
from functions.credits.lead_status import LeadStatus
from functions.credits.pricing import Charge, EntryKind
from functions.enrichment.dispatcher import Dispatcher
from functions.enrichment.enricher import Enricher
from functions.enrichment.turns import Turns
from functions.profiles import parse
from functions.providers import slintel
from functions.providers.slintel import TERMS, Slintel
from functions.store import claims, schema_version
from functions.store.database import Store
from functions.store.leads import Freshness
from functions.store.lookups import Claimed, Settlement, Wanted
from functions.store.rates import Pace
from local.providers.client import Sandbox
from tests.support.postgresql import server
from tests.support.round_trips import counted

NO_CAP = Decimal(10**9)
PLENTY = Limits(per_run=Allowance(NO_CAP), per_user_day=Allowance(NO_CAP), per_month=Allowance(NO_CAP))
FRESH = Freshness(lead=timedelta(days=180), miss=timedelta(days=30))
INSTANCES = 4
BATCH = 16
"""Lookups in flight per instance, as SLINTEL_CONCURRENCY has it by default."""
LATENCY_S = 0.2
SAMPLE_S = 0.004
TRIPS_ALLOWED = 1.5
"""On PostgreSQL; SQLite is no trip away, and what is counted there are statements."""
LIFTED = TERMS.limited_to(per_second=Decimal(100_000), per_day=Decimal(10**8))
PACE = Pace(slintel.NAME, LIFTED.limits)
"""A rate is kept, and is so high that it holds nothing back."""


@contextmanager
def databases() -> Iterator[dict[str, str]]:
    """An address of each kind of database, with the store's tables."""
    with server() as running, tempfile.TemporaryDirectory() as folder:
        file = f"sqlite:///{Path(folder, 'leadfill.db')}"
        store = Store(file)
        schema_version.upgrade(store)
        store.close()
        yield {"PostgreSQL": running.database(), "SQLite": file}


def count_trips(store: Store) -> Counter[str]:
    """Counts from now on what goes to the database, by its kind."""
    trips: Counter[str] = Counter()
    engine, dialect = store.engine, store.engine.dialect
    ping = dialect.do_ping

    def counted_ping(connection: Any) -> bool:  # noqa: ANN401 - the driver's own type
        trips["is it alive?"] += 1
        return ping(connection)

    dialect.do_ping = counted_ping  # type: ignore[method-assign, assignment] # where pings can be counted

    def statement(_connection: object, _cursor: object, text: str, *_rest: object) -> None:
        trips[text.split(maxsplit=1)[0]] += 1

    sa.event.listen(engine, "before_cursor_execute", statement)
    # PostgreSQL's driver sends BEGIN on its own, before the first statement; to SQLite it is one of our statements.
    for name in ("commit", "rollback", *(() if store.is_sqlite else ("begin",))):
        sa.event.listen(engine, name, lambda _connection, name=name: trips.update([name.upper()]))
    return trips


def round_trips(url: str, lookups: int, *, paced: bool) -> Counter[str]:
    """One run of the enricher over people whom nobody knows; whether it keeps a rate."""
    store = Store(url)
    trips = count_trips(store)
    batch = uuid4().hex[:6]
    people = [parse(f"linkedin.com/in/trips-{batch}-{number}") for number in range(lookups)]
    with Sandbox() as sandbox:
        sandbox.switch(latency_s=LATENCY_S)
        turns = Turns(store=store, pace=PACE, clock=store.clock) if paced else None
        provider = Slintel(sandbox.url, "key", concurrency=BATCH, timeout_s=35)
        dispatcher = Dispatcher(provider, BATCH, turns=turns)
        enricher = Enricher(
            store=store, dispatchers={"slintel": dispatcher}, limits=PLENTY, fresh=FRESH, clock=store.clock
        )
        for result in enricher.enrich(
            people, Spender(run_id=uuid4().hex, user_id="bench", ceilings={slintel.NAME: NO_CAP})
        ):
            assert result.lead
        dispatcher.close()
    store.close()
    return trips


def show_trips(console: Console, name: str, url: str, lookups: int) -> None:
    """Prints the round trips of a lookup with the provider's rate and without; on SQLite they are statements."""
    for paced in (True, False):
        with counted(url) if name == "PostgreSQL" else nullcontext((url, None)) as (address, trips):
            kinds = round_trips(address, lookups, paced=paced)
        per_lookup = (kinds.total() if trips is None else trips.count) / lookups
        rate = "with the provider's rate" if paced else "without a rate"
        what = "statements" if trips is None else "round trips"
        console.print(f"{name}: {per_lookup:.2f} {what} per lookup {rate} ({lookups} of 200 ms, {BATCH} in flight)")
        console.print("  " + ", ".join(f"{kind} {count / lookups:.2f}" for kind, count in kinds.most_common()))
        assert trips is None or per_lookup <= TRIPS_ALLOWED, "more round trips than are promised"


def instance(
    url: str, name: str, *, batches: int, pause_s: float, ready: Barrier, waited_s: SimpleQueue[float]
) -> None:
    """Claims and settles batch after batch, as an enricher does, against counters that bear `name`."""
    store, mine, waiting_s = Store(url), uuid4().hex, [0.0, 0.0]
    if store.is_sqlite:  # there a transaction waits as it begins, for all that others write

        def before(_connection: object, _cursor: object, text: str, *_rest: object) -> None:
            waiting_s[1] = time.perf_counter() if text == "BEGIN IMMEDIATE" else 0.0

        def after(*_arguments: object) -> None:
            waiting_s[0] += time.perf_counter() - waiting_s[1] if waiting_s[1] else 0.0

        sa.event.listen(store.engine, "before_cursor_execute", before)
        sa.event.listen(store.engine, "after_cursor_execute", after)
    spender = Spender(run_id=f"{name}-run", user_id=name, ceilings={slintel.NAME: NO_CAP})
    counters = [Cap(f"{kind}:{name}", NO_CAP) for kind in ("run", "user", "month")]
    charge = Charge(EntryKind.CHARGED, Decimal(1))
    store.clock()
    ready.wait()
    for number in range(batches):
        keys = [f"{mine}-{number}-{place}" for place in range(BATCH)]
        claimed = Claimed()
        while not claimed.granted:  # whoever waits for the lock too long comes too late for the turns of that time
            claimed = claims.claim(
                store,
                Wanted(
                    keys=keys,
                    spender=spender,
                    caps=counters,
                    provider=slintel.NAME,
                    price=slintel.TERMS.price,
                    owner=mine,
                    fresh=FRESH,
                    now=store.clock(),
                    pace=PACE,
                ),
            )
        assert len(claimed.granted) == BATCH
        time.sleep(pause_s)
        settlements = [Settlement(claim, charge, LeadStatus.FOUND, b"x" * 2_000) for claim in claimed.granted]
        claims.settle(store, settlements, store.clock())
    store.close()
    waited_s.put(waiting_s[0])


@dataclass(frozen=True)
class Waited:
    """The work of some instances together."""

    instances: int
    lookups: int
    wall_s: float
    waiting_s: float
    """Seconds that their connections waited for a lock, all together."""

    @property
    def share(self) -> float:
        """Of the time of all instances, how much was waiting for a lock."""
        return self.waiting_s / (self.wall_s * self.instances)


@contextmanager
def sampled(url: str) -> Iterator[list[float]]:
    """While the block runs, adds up how long PostgreSQL's connections wait for a lock; nothing for SQLite."""
    ended, waiting_s = threading.Event(), [0.0]

    def sample() -> None:
        engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
        waiting = sa.text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        with engine.connect() as connection:
            then = time.perf_counter()
            while not ended.wait(SAMPLE_S):
                count, now = connection.scalar(waiting), time.perf_counter()
                waiting_s[0] += (count or 0) * (now - then)
                then = now
        engine.dispose()

    sampling = threading.Thread(target=sample)
    if not url.startswith("sqlite"):
        sampling.start()
    try:
        yield waiting_s
    finally:
        ended.set()
        if sampling.ident is not None:
            sampling.join()


def together(url: str, instances: int, *, shared: bool, batches: int, pause_s: float) -> Waited:
    """Runs instances as processes and adds up how long they wait for a lock."""
    names = [uuid4().hex] * instances if shared else [uuid4().hex for _ in range(instances)]
    context = multiprocessing.get_context("spawn")
    ready, waited_s = context.Barrier(instances + 1), context.SimpleQueue()
    more = {"batches": batches, "pause_s": pause_s, "ready": ready, "waited_s": waited_s}
    processes = [context.Process(target=instance, args=(url, name), kwargs=more) for name in names]
    for process in processes:
        process.start()
    ready.wait()
    with sampled(url) as waiting_s:
        start = time.perf_counter()
        for process in processes:
            process.join()
        wall_s = time.perf_counter() - start
    assert all(process.exitcode == 0 for process in processes)
    inside_s = sum(waited_s.get() for _ in processes)
    return Waited(instances, instances * batches * BATCH, wall_s, waiting_s[0] + inside_s)


def counters(name: str, url: str, batches: int) -> Table:
    """One writer, then several: with counters of their own, with the same ones, and with a provider between."""
    table = Table(f"{name}: each claims and settles {BATCH} at a time", "lookups/s", "waits for a lock", "per lookup")
    for title, instances, shared, pause_s in (
        ("1 writer, flat out", 1, True, 0.0),
        (f"{INSTANCES} writers, counters of their own, flat out", INSTANCES, False, 0.0),
        (f"{INSTANCES} writers, the same counters, flat out", INSTANCES, True, 0.0),
        (f"{INSTANCES} writers, the same counters, a provider of 200 ms", INSTANCES, True, LATENCY_S),
    ):
        found = together(url, instances, shared=shared, batches=batches, pause_s=pause_s)
        wait_ms = found.waiting_s / found.lookups * 1000
        rate = found.lookups / found.wall_s
        table.add_row(title, f"{rate:,.0f}", f"{found.share:.1%} of the time", f"{wait_ms:.2f} ms")
    return table


@click.command()
@click.option("--lookups", default=800, show_default=True, help="For the round trips.")
@click.option("--batches", default=60, show_default=True, help="Per instance, for the counters; 0 for none.")
def main(*, lookups: int, batches: int) -> None:
    """Measure what the store costs a lookup."""
    console = Console()
    with databases() as urls:
        for name, url in urls.items():
            show_trips(console, name, url, lookups)
            if batches:
                console.print(counters(name, url, batches))


if __name__ == "__main__":
    main()
