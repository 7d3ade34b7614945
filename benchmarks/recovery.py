"""Workers that die or stand still in the middle of a run: how soon their work goes on, and what it costs.

Run: `python -m benchmarks.recovery` (some 25 minutes; `--kills 10 --stalls 0` and so on take parts of it). Four
instances over PostgreSQL work runs of 5,000 rows off, fed by the Cloud Tasks stand-in with the retries of the deployed
queue. One worker after another is killed at a random moment; others stand still for 45 s, as a process that gets no CPU
does, or lose the database for as long. What comes back must be right, and nobody paid for twice.
"""

from __future__ import annotations

import random
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from statistics import median
from typing import Any

import click
import psutil
import requests
import sqlalchemy as sa
from rich.console import Console
from rich.table import Table

from deploy.foundation import QUEUE_LIMITS
from functions.store import schema
from functions.store.job_states import ChunkState
from tests.support.accounts import assert_bracketed
from tests.support.cluster import QUEUE, cluster
from tests.support.desk import expected, url_of
from tests.support.enrichers import confirmed
from tests.support.postgresql import Server, server
from tests.support.running import OVER, Json, Running, attach
from tests.support.waiting import wait_until_quiet

INSTANCES = 4
LATENCY_S = 1.0
CONCURRENCY = 4
"""Lookups in flight of an instance: a run of 5,000 rows takes some five minutes."""
STALL_S = 45.0
MINUTE_S = 60.0
"""The limit of the p95."""
PATIENCE_S = 500.0
"""Seconds for which anything is waited for: longer than what Google may take to carry a dead worker's write out."""
POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Victim:
    """An instance, and the chunks that it runs."""

    name: str
    leases: dict[str, str]
    """By chunk."""


@dataclass(slots=True)
class Misfortunes:
    """Runs of so many rows, one after another, while something happens to their workers."""

    running: Running
    server: Server
    draw: random.Random
    rows: int
    jobs: list[Json] = field(default_factory=list)
    sheets: list[tuple[str, list[str]]] = field(default_factory=list)
    took_s: list[float] = field(default_factory=list)
    """Of each chunk whose worker was killed, the seconds until its lookups went on."""

    def kill(self) -> None:
        """Kills a worker at a random moment, and waits until what it did goes on."""
        victim = self._victim()
        processes = self._processes(victim.name)
        for process in processes:
            process.kill()
        killed_s = time.monotonic()
        psutil.wait_procs(processes)
        self.running.stack.parts[victim.name].stop(kill=True)
        successor = threading.Thread(target=self.running.stack.restart, args=(victim.name,))
        successor.start()
        waiting = dict(victim.leases)
        while waiting:
            assert time.monotonic() - killed_s < PATIENCE_S, f"the work on {waiting} never went on"
            for chunk in [it for it, lease in waiting.items() if self._goes_on(it, lease)]:
                del waiting[chunk]
                self.took_s.append(time.monotonic() - killed_s)
            time.sleep(POLL_S)
        successor.join()

    def stand_still(self) -> None:
        """Takes the CPU away from a worker."""
        processes = self._processes(self._victim().name)
        for process in processes:
            process.send_signal(signal.SIGSTOP)
        time.sleep(STALL_S)
        for process in processes:
            process.send_signal(signal.SIGCONT)

    def lose_the_database(self) -> None:
        """Takes the database away from everybody."""
        self._victim()
        with self.server.gone():
            time.sleep(STALL_S)

    def repeat(self, what: Callable[[], None], times: int) -> None:
        """Does it so often, and shows what is left of it to do."""
        for number in range(times):
            what()
            shown = f", went on after {self.took_s[-1]:.1f} s" if what == self.kill else ""
            print(f"{what.__name__} {number + 1} of {times}{shown}", flush=True)

    def finish(self) -> None:
        """Waits until all runs are over."""
        self.jobs = [self._finished(job) for job in self.jobs]

    def judge(self) -> str:
        """Checks money, rows and cells; gives a line about them."""
        wait_until_quiet(self.running.sandbox)
        twice = {slug: count for slug, count in self.running.sandbox.charges("slug").items() if count > 1}
        assert not twice, f"paid for twice: {twice}"
        totals = assert_bracketed(self.running.store, self.running.sandbox)
        real = self.running.sandbox.charges()["total"]
        outcomes: Counter[str] = Counter()
        for job, (spreadsheet, slugs) in zip(self.jobs, self.sheets, strict=True):
            outcomes.update(job["counts"])
            assert sum(job["counts"].values()) == len(slugs), job
            header, *rows = self.running.emulator.values(spreadsheet, "Leads")
            at, empty = header.index("Email"), 0
            for row, value in zip(rows, (value for slug in slugs for value in expected(slug, ["email"])), strict=True):
                cell = row[at] if at < len(row) else ""
                assert cell in (value, ""), f"{cell} stands where {value} should"
                empty += not cell
            # Who stood still for long may have an answer cut off: it is paid for, and the row says that it failed.
            assert empty == job["counts"].get("in_doubt", 0) + job["counts"].get("failed", 0), (empty, job)
        return (
            f"charged {totals.charged:g} <= real {real} <= charged + in doubt {totals.charged + totals.in_doubt:g}; "
            f"rows: {dict(outcomes)}; in doubt: {totals.in_doubt:g}"
        )

    def in_doubt(self) -> int:
        """Rows in doubt of all runs."""
        return sum(job["counts"].get("in_doubt", 0) for job in self.jobs)

    def _victim(self) -> Victim:
        """A worker that runs a chunk, at a moment that nobody foresees."""
        time.sleep(self.draw.uniform(1.0, 6.0))
        until_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < until_s:
            names = {process.pid: name for name in self._workers() for process in self._processes(name)}
            by_name: dict[str, dict[str, str]] = {}
            for chunk, lease in self._running_chunks():
                if name := names.get(int(lease.partition("/")[0].rpartition(":")[2])):
                    by_name.setdefault(name, {})[chunk] = lease
            if by_name:
                name = self.draw.choice(sorted(by_name))
                return Victim(name, by_name[name])
            self._start_if_over()
            time.sleep(POLL_S)
        raise TimeoutError("Nobody works.")

    def _start_if_over(self) -> None:
        if self.jobs and self._look(self.jobs[-1])["state"] not in OVER:
            return
        number = len(self.jobs)
        slugs = [f"recovery-{number}-{row}" for row in range(self.rows)]
        slugs = [slug for slug in slugs if expected(slug, ["email"]) != [""]]
        spreadsheet = self.running.sheet([url_of(slug) for slug in slugs])
        self.sheets.append((spreadsheet, slugs))
        self.jobs.append(self.running.start(spreadsheet, max_credits=confirmed(self.rows)))

    def _look(self, job: Json) -> Json:
        found: Json = self.running.ask("GET", f"/v1/jobs/{job['id']}").json()
        return found if "state" in found else job

    def _finished(self, job: Json) -> Json:
        until_s = time.monotonic() + PATIENCE_S
        while (job := self._look(job))["state"] not in OVER:
            assert time.monotonic() < until_s, f"stuck: {job}"
            time.sleep(1)
        return job

    def _running_chunks(self) -> Sequence[tuple[str, str]]:
        columns, condition = (schema.chunks.c.id, schema.chunks.c.lease), schema.chunks.c.state == ChunkState.RUNNING
        with self.running.store.reading() as connection:
            found = connection.execute(sa.select(*columns).where(condition, schema.chunks.c.number > 0)).all()
        return [(row.id, row.lease) for row in found]

    def _goes_on(self, chunk: str, dead: str) -> bool:
        """Return whether another attempt has claimed somebody of this chunk, or has rows of it; or it is done."""
        with self.running.store.reading() as connection:
            row = connection.execute(sa.select(schema.chunks).where(schema.chunks.c.id == chunk)).one()
            if row.state == ChunkState.DONE or (row.lease not in (None, dead) and row.seen):
                return True
            claimed = sa.select(schema.claims.c.key).where(schema.claims.c.owner == row.lease).limit(1)
            return row.lease not in (None, dead) and connection.scalar(claimed) is not None

    @staticmethod
    def _workers() -> list[str]:
        return [f"worker-{number}" for number in range(INSTANCES)]

    def _processes(self, name: str) -> list[psutil.Process]:
        process = self.running.stack.parts[name].process
        if process is None or not psutil.pid_exists(process.pid):
            return []
        first = psutil.Process(process.pid)
        return [first, *first.children(recursive=True)]


@contextmanager
def deployment(rows: int, seed: int) -> Iterator[Misfortunes]:
    """Four instances, as they are deployed."""
    with server() as database, tempfile.TemporaryDirectory() as folder, ExitStack() as closing:
        plenty = dict.fromkeys(["CREDITS_PER_RUN", "CREDITS_PER_USER_DAY", "CREDITS_PER_MONTH"], "1000000")
        settings: dict[str, Any] = {"SLINTEL_CONCURRENCY": str(CONCURRENCY), "DATABASE_URL": database.database()}
        started = closing.enter_context(cluster(Path(folder), workers=INSTANCES, **settings, **plenty))
        running = attach(started, closing)
        running.sandbox.switch(latency_s=LATENCY_S)
        retries = {
            "minBackoff": QUEUE_LIMITS["min-backoff"],
            "maxBackoff": QUEUE_LIMITS["max-backoff"],
            "maxAttempts": int(QUEUE_LIMITS["max-attempts"]),
            "maxDoublings": int(QUEUE_LIMITS["max-doublings"]),
        }
        url = f"{started.urls['tasks']}/v2/{QUEUE}?updateMask=retryConfig"
        requests.patch(url, json={"retryConfig": retries}, timeout=10).raise_for_status()
        yield Misfortunes(running, database, random.Random(seed), rows)


@click.command()
@click.option("--kills", default=20, show_default=True, help="Workers that are killed.")
@click.option("--stalls", default=10, show_default=True, help="Stalls of 45 s: without CPU, and without the database.")
@click.option("--rows", default=5_000, show_default=True, help="Of a run; another one begins where it is over.")
@click.option("--seed", default=1, show_default=True, help="Of the moments.")
def main(*, kills: int, stalls: int, rows: int, seed: int) -> None:
    """Kill workers and let them stand still, and see how soon their work goes on."""
    table = Table("what", "measured", "limit")
    if kills:
        with deployment(rows, seed) as place:
            place.repeat(place.kill, kills)
            place.finish()
            said = place.judge()
            p95_s = sorted(place.took_s)[ceil(0.95 * len(place.took_s)) - 1]
            chunks = f"{kills} kills, {len(place.took_s)} chunks"
            table.add_row(f"{chunks}: lookups go on after (p50)", f"{median(place.took_s):.1f} s", "-")
            table.add_row(f"{chunks}: lookups go on after (p95)", f"{p95_s:.1f} s", f"<= {MINUTE_S:g} s")
            table.add_row("lookups in doubt per kill", f"{place.in_doubt() / kills:.1f}", f"<= {2 * CONCURRENCY}")
            table.add_row("money and cells after the kills", said, "nobody is paid for twice")
    if stalls:
        with deployment(rows, seed) as place:
            place.repeat(place.stand_still, stalls - stalls // 2)
            place.repeat(place.lose_the_database, stalls // 2)
            place.finish()
            table.add_row(f"money and cells after {stalls} stalls of {STALL_S:g} s", place.judge(), "the same")
    Console(width=150).print(table)


if __name__ == "__main__":
    main()
