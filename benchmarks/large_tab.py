"""A tab of 100,000 rows and 25 columns at the pace that Google asks for: bytes, calls, memory, and time per row.

Run: `python -m benchmarks.large_tab` (about a quarter of an hour; `--rows 2000 --more 8000` is quicker). It compares a
narrow tab of 10,000 rows with a wide one of 100,000; each is run over 8 fields, new and then over filled columns. All
of Leadfill runs as processes of this machine; the provider answers at once, and Google as its stand-in does, but calls
keep the pace of a call a second to a spreadsheet.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from benchmarks.jobs import PLENTY, Ran, run, run_over
from benchmarks.sheet import FIELDS, Used, Verdicts, heartbeat
from local.stack import stack

PER_MINUTE, BURST = 60, 10
MAX_ANSWER, MAX_URL_ANSWER, MAX_REQUEST = 5_000_000, 25_000_000, 1_000_000
MAX_MEMORY_MB, MAX_MEMORY, MAX_TIME_PER_ROW = 300.0, 1.2, 1.3
READ = "spreadsheets.getByDataFilter"


@dataclass(frozen=True)
class Measured:
    """A run over some rows, and the same once more over columns that are filled now."""

    rows: int
    width: int
    ran: Ran
    used: Used
    calls: list[dict[str, Any]]
    filled: Ran
    used_filled: Used
    calls_filled: list[dict[str, Any]]

    @property
    def ms_per_row(self) -> float:
        """Wall time of the first run."""
        return self.ran.took_s / self.rows * 1000

    @property
    def memory_mb(self) -> float:
        """The most that the worker held."""
        return max(self.used.memory_mb["worker"], self.used_filled.memory_mb["worker"])


def measure(rows: int, width: int) -> Measured:
    """Runs so many rows of so many columns through new processes, over an empty store."""
    with (
        tempfile.TemporaryDirectory() as folder,
        stack(
            Path(folder),
            **PLENTY,
            SHEETS_CALLS_PER_MINUTE=str(PER_MINUTE),
            SLINTEL_PER_SECOND="10000",  # the provider's rate is not what is measured
            SLINTEL_PER_DAY="100000000",
        ) as running,
    ):
        header = ["LinkedIn", *(f"Column {number}" for number in range(1, width))]
        people = [
            [
                f"https://www.linkedin.com/in/large-{number}",
                *(f"note {number} in {column}" for column in range(1, width)),
            ]
            for number in range(rows)
        ]
        with heartbeat(running, "worker", "api") as used:
            ran = run(running, [header, *people], FIELDS)
        calls = running.steer("emulator", "GET", "_emulator/calls")
        print(f"{rows:,} x {width}: {ran.took_s:.0f} s, {len(calls['log'])} calls, {used.memory_mb}", flush=True)
        running.steer("emulator", "DELETE", "_emulator/calls")
        with heartbeat(running, "worker", "api") as used_filled:
            filled = run_over(running, ran.job["spreadsheet_id"], rows, FIELDS, write="all")
        calls_filled = running.steer("emulator", "GET", "_emulator/calls")
        print(f"{rows:,} x {width}: {ran.took_s:.0f} s, then {filled.took_s:.0f} s", flush=True)
    assert ran.job["counts"] == {"enriched": rows}, ran.job
    assert filled.job["counts"] == {"known": rows}, filled.job
    assert not calls["faults"] + calls_filled["faults"]
    return Measured(rows, width, ran, used, calls["log"], filled, used_filled, calls_filled["log"])


def most_in_a_minute(calls: list[dict[str, Any]]) -> int:
    """Return the largest number of calls that started within sixty seconds."""
    times = sorted(call["at_s"] for call in calls)
    most, begin = 0, 0
    for end, at_s in enumerate(times):
        while at_s - times[begin] >= 60:
            begin += 1
        most = max(most, end - begin + 1)
    return most


def sizes(calls: list[dict[str, Any]]) -> tuple[int, int, int]:
    """Return the largest answer, the largest but for the columns of URLs, and the largest request, in bytes."""
    answers = sorted((call["answer_bytes"] for call in calls), reverse=True)
    pages = [size for size in answers if size < MAX_ANSWER]
    return answers[0], pages[0], max(call["request_bytes"] for call in calls)


@click.command()
@click.option("--rows", default=10_000, show_default=True, help="Of the narrow tab: URLs and nothing else.")
@click.option("--more", default=100_000, show_default=True, help="Of the wide tab.")
@click.option("--width", default=25, show_default=True, help="Columns of the wide tab.")
def main(*, rows: int, more: int, width: int) -> None:
    """Measures a narrow tab of ROWS rows against a wide one of MORE, with 8 fields."""
    verdicts = Verdicts()
    few, many = measure(rows, 1), measure(more, width)
    table = Table("tab", "run", "calls", "s", "accepted after s", "worker MB", "api MB")
    for one in (few, many):
        for name, ran, used, calls in (
            ("new columns", one.ran, one.used, one.calls),
            ("filled columns", one.filled, one.used_filled, one.calls_filled),
        ):
            memory = used.memory_mb
            tab = f"{one.rows:,} x {one.width}"
            figures = f"{ran.took_s:.1f}", f"{ran.planned_s:.1f}", f"{memory['worker']:.0f}", f"{memory['api']:.0f}"
            table.add_row(tab, name, str(len(calls)), *figures)
    Console(width=120).print(table)
    calls = [*many.calls, *many.calls_filled]
    large = [call for call in calls if call["answer_bytes"] >= MAX_ANSWER]
    _, page, request = sizes(calls)
    verdicts.say("largest answer but for the columns of URLs, bytes", page, MAX_ANSWER, ",d")
    verdicts.say("larger answers, each a column of URLs", len(large), 8, "d")
    verdicts.say("the largest of them, bytes", max([c["answer_bytes"] for c in large], default=0), MAX_URL_ANSWER, ",d")
    verdicts.say("largest request, bytes", request, MAX_REQUEST, ",d")
    verdicts.say("calls in any minute", most_in_a_minute(calls), PER_MINUTE + BURST, "d")
    verdicts.say("time per row, wide to narrow", many.ms_per_row / few.ms_per_row, MAX_TIME_PER_ROW, ".2f")
    verdicts.say("peak memory of the worker, MB", many.memory_mb, MAX_MEMORY_MB, ".0f")
    verdicts.say("the same, wide to narrow", many.memory_mb / few.memory_mb, MAX_MEMORY, ".2f")
    sys.exit(bool(verdicts.broken))


if __name__ == "__main__":
    main()
