"""A large sheet through the running worker: time per row, the worker's memory, calls of the Sheets API, its quota.

Run: `python -m benchmarks.sheet` (about ten minutes; `--rows 2000 --more 10000` is quicker). Every figure is a ratio
within this run, printed with its limit; the exit code is not 0 where one is passed. All of Leadfill runs as processes
of this machine, over SQLite; the provider and Google Sheets answer at once.
"""

from __future__ import annotations

import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.jobs import PLENTY, Ran, run, run_over
from local.stack import Stack, stack

FIELDS = ("email", "title", "company", "size", "location", "industry", "function", "status")
SMALL_ROWS = 1_000
PARTS = ("worker", "api", "emulator", "sandbox")
SAMPLE_S = 0.1

MAX_CALLS = 8
MAX_TIME_PER_ROW = 1.3
MAX_MEMORY = 1.5
MAX_MEMORY_FILLED = 2.0
"""A tab with filled columns is read in one moment, and held once as the JSON that came: not quite flat."""
MAX_WAITING = 0.1
"""Of the time of a run: what it waits for the quota."""


@dataclass
class Used:
    """The use of processes, by name; each with those that it started."""

    memory_mb: dict[str, float] = field(default_factory=dict)
    """The most that one process held, as sampled."""
    cpu_s: dict[str, float] = field(default_factory=dict)

    def look(self, name: str, process: psutil.Process) -> None:
        """Takes a sample."""
        one_held, cpu_s = 0, 0.0
        for one in (process, *process.children(recursive=True)):
            try:
                with one.oneshot():
                    one_held = max(one_held, one.memory_info().rss)
                    cpu_s += sum(one.cpu_times()[:2])
            except psutil.NoSuchProcess:
                continue
        self.memory_mb[name] = max(self.memory_mb.get(name, 0.0), one_held / 2**20)
        self.cpu_s[name] = cpu_s


@contextmanager
def heartbeat(running: Stack, *names: str) -> Iterator[Used]:
    """Samples what these parts of the stack use while the block runs."""
    used, over = Used(), threading.Event()
    processes = {name: psutil.Process(running.parts[name].process.pid) for name in names}  # type: ignore[union-attr] # it runs

    def sample() -> None:
        for name, process in processes.items():
            used.look(name, process)

    def watch() -> None:
        while not over.wait(SAMPLE_S):
            sample()

    sample()
    started_s = dict(used.cpu_s)
    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield used
    finally:
        over.set()
        thread.join()
        sample()
        used.cpu_s = {name: used.cpu_s[name] - started_s[name] for name in names}


@dataclass(frozen=True)
class Measured:
    """The cost of a run over some rows."""

    rows: int
    ran: Ran
    used: Used
    calls: dict[str, Any]
    """As the emulator counts them."""
    again: Used
    """By the same run once more, over columns that are filled now: what they hold is remembered first."""

    @property
    def ms_per_row(self) -> float:
        """Wall time."""
        return self.ran.took_s / self.rows * 1000

    def cpu_ms_per_row(self, part: str) -> float:
        """Of one part of the stack: what a busy machine does not blur."""
        return self.used.cpu_s[part] / self.rows * 1000

    @property
    def refused(self) -> int:
        """Calls that met the end of the quota, among the latest that the emulator has logged."""
        return sum(call["status"] == 429 for call in self.calls["log"])

    @property
    def waiting(self) -> float:
        """The share of the time in which no call was let in after one that the quota refused."""
        pairs = pairwise(self.calls["log"])
        waits = (later["at_s"] - call["at_s"] for call, later in pairs if call["status"] == 429)
        return float(sum(waits)) / self.ran.took_s


def measure(rows: int, **switches: object) -> Measured:
    """Runs so many rows through new processes, over an empty store."""
    with tempfile.TemporaryDirectory() as folder, stack(Path(folder), **PLENTY) as running:
        running.steer("emulator", "PUT", "_emulator/switches", switches)
        urls = [[f"https://www.linkedin.com/in/sheet-{number}"] for number in range(rows)]
        with heartbeat(running, *PARTS) as used:
            ran = run(running, [["LinkedIn"], *urls], FIELDS)
        calls = running.steer("emulator", "GET", "_emulator/calls")
        with heartbeat(running, *PARTS) as again:
            repeated = run_over(running, ran.job["spreadsheet_id"], rows, FIELDS, write="all")
    assert repeated.job["counts"] == {"known": rows}, repeated.job
    assert ran.job["state"] == "done", ran.job
    assert ran.job["counts"] == {"enriched": rows}, ran.job
    assert not calls["faults"], calls["faults"]
    return Measured(rows, ran, used, calls, again)


def calls_of_known(rows: int) -> int:
    """Return the calls of the Sheets API that a run takes over so many people who are known."""
    with tempfile.TemporaryDirectory() as folder, stack(Path(folder), **PLENTY) as running:
        values = [["LinkedIn"], *[[f"https://www.linkedin.com/in/sheet-{number}"] for number in range(rows)]]
        run(running, values, FIELDS)
        running.steer("emulator", "DELETE", "_emulator/calls")
        ran = run(running, values, FIELDS)
        assert ran.job["counts"] == {"known": rows}, ran.job
        total: int = running.steer("emulator", "GET", "_emulator/calls")["total"]
        return total


@dataclass
class Verdicts:
    """Figures with their limits."""

    broken: list[str] = field(default_factory=list)

    def say(self, what: str, figure: float, limit: float, form: str) -> None:
        """Prints a figure beside its limit."""
        kept = figure <= limit
        print(f"{what}: {figure:{form}} (limit {limit:{form}}){'' if kept else '  TOO MUCH'}")
        if not kept:
            self.broken.append(what)


@click.command()
@click.option("--rows", default=10_000, show_default=True)
@click.option("--more", default=100_000, show_default=True, help="Rows of the run that is compared with it.")
@click.option("--quota-rows", default=10_000, show_default=True, help="Rows of the run under Google's quota.")
@click.option(
    "--quota", default=300, show_default=True, help="Calls a minute of a project: Google's, reads and writes."
)
def main(*, rows: int, more: int, quota_rows: int, quota: int) -> None:
    """Measures a sheet of ROWS rows against one of MORE, with 8 fields."""
    verdicts = Verdicts()
    known = calls_of_known(SMALL_ROWS)
    small = measure(SMALL_ROWS)
    few = measure(rows)
    many = measure(more)
    held = measure(quota_rows, quota_per_minute_project=quota)
    table = Table(
        "rows", "Sheets calls", "s", "accepted after s", "ms/row", *(f"{part}: CPU ms/row, MB" for part in PARTS)
    )
    for name, one in (("", small), ("", few), ("", many), (", quota", held)):
        table.add_row(
            f"{one.rows:,}{name}",
            str(one.calls["total"]),
            f"{one.ran.took_s:.1f}",
            f"{one.ran.planned_s:.1f}",
            f"{one.ms_per_row:.2f}",
            *(f"{one.cpu_ms_per_row(part):.2f}, {one.used.memory_mb[part]:.0f}" for part in PARTS),
            f"{one.again.memory_mb['worker']:.0f}",
        )
    Console(width=120).print(table)
    verdicts.say(f"Sheets calls for {SMALL_ROWS:,} known rows of {len(FIELDS)} fields", known, MAX_CALLS, "d")
    ratio = f"of {more:,} rows to that of {rows:,}"
    verdicts.say(f"time per row {ratio}", many.ms_per_row / few.ms_per_row, MAX_TIME_PER_ROW, ".2f")
    cpu = many.cpu_ms_per_row("worker") / few.cpu_ms_per_row("worker")
    verdicts.say(f"the worker's CPU per row {ratio}", cpu, MAX_TIME_PER_ROW, ".2f")
    for name in ("worker", "api"):
        share = many.used.memory_mb[name] / few.used.memory_mb[name]
        verdicts.say(f"peak memory of the {name} {ratio}", share, MAX_MEMORY, ".2f")
    share = many.again.memory_mb["worker"] / few.again.memory_mb["worker"]
    verdicts.say(f"the same of the worker over columns that are filled, {ratio}", share, MAX_MEMORY_FILLED, ".2f")
    print(f"refused by the quota of {quota} calls a minute: {held.refused} of {held.calls['total']} calls")
    verdicts.say("share of the time that waits for the quota", held.waiting, MAX_WAITING, ".1%")
    sys.exit(bool(verdicts.broken))


if __name__ == "__main__":
    main()
