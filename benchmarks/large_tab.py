"""A tab of 100,000 rows and 25 columns at the pace that Google asks for: bytes, calls, memory, and time per row.

Run: `python -m benchmarks.large_tab` (about a quarter of an hour; `--rows 2000 --more 8000` is quicker). It compares a
narrow tab of 10,000 rows with a wide one of 100,000; each is run over 8 fields, new and then over filled columns. All
of Leadfill runs as processes of this machine; the provider answers at once, and Google as its stand-in does, but calls
keep the pace of a call a second to a spreadsheet. In pieces: `--only narrow --figures f.json`, then `--only wide` with
the same file, which compares both.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.jobs import PLENTY, Ran, run, run_over
from benchmarks.sheet import FIELDS, Used, Verdicts, heartbeat
from local.stack import Stack, stack

PER_MINUTE, BURST = 60, 10
MAX_ANSWER, MAX_URL_ANSWER, MAX_REQUEST = 5_000_000, 25_000_000, 1_000_000
URL_ANSWERS = {"new columns": 1, "filled columns": 3}
"""Looks at the whole column of URLs: at the start, and before and after the pages of what the columns hold."""
MAX_MEMORY_MB, MAX_MEMORY, MAX_TIME_PER_ROW = 300.0, 1.2, 1.3


class Figures(msgspec.Struct, frozen=True):
    """The figures of one run over some rows."""

    tab: str
    run: str
    rows: int
    calls: int
    took_s: float
    accepted_s: float
    worker_mb: float
    """The most that the worker held."""
    api_mb: float
    page_bytes: int
    """The largest answer but for the columns of URLs."""
    url_answers: int
    """Larger answers, each a column of URLs."""
    url_bytes: int
    """The largest of them."""
    request_bytes: int
    """The largest request."""
    in_a_minute: int
    """The most calls that started within sixty seconds."""

    @property
    def ms_per_row(self) -> float:
        """Wall time."""
        return self.took_s / self.rows * 1000

    @property
    def per_second(self) -> float:
        """Calls a second, on average, after those that may come at once."""
        return max(0, self.calls - BURST) / self.took_s


def figures(tab: str, kind: str, ran: Ran, used: Used, calls: list[dict[str, Any]]) -> Figures:
    """Returns what a run took."""
    answers = sorted((call["answer_bytes"] for call in calls), reverse=True)
    pages = [size for size in answers if size < MAX_ANSWER]
    return Figures(
        tab=tab,
        run=kind,
        rows=ran.job["rows"],
        calls=len(calls),
        took_s=ran.took_s,
        accepted_s=ran.planned_s,
        worker_mb=used.memory_mb["worker"],
        api_mb=used.memory_mb["api"],
        page_bytes=pages[0],
        url_answers=len(answers) - len(pages),
        url_bytes=answers[0],
        request_bytes=max(call["request_bytes"] for call in calls),
        in_a_minute=most_in_a_minute(calls),
    )


def measure(rows: int, width: int) -> list[Figures]:
    """Runs so many rows of so many columns through new processes, over an empty store; then over what it has filled."""
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
        tab = f"{rows:,} x {width}"
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
        assert ran.job["counts"] == {"enriched": rows}, ran.job
        found = [figures(tab, "new columns", ran, used, taken_calls(running))]
        print(found[0], flush=True)
        with heartbeat(running, "worker", "api") as used:
            filled = run_over(running, ran.job["spreadsheet_id"], rows, FIELDS, write="all")
        assert filled.job["counts"] == {"known": rows}, filled.job
        found.append(figures(tab, "filled columns", filled, used, taken_calls(running)))
        print(found[1], flush=True)
    return found


def taken_calls(running: Stack) -> list[dict[str, Any]]:
    """Returns the calls that Google's stand-in has logged, and makes it forget them."""
    calls = running.steer("emulator", "GET", "_emulator/calls")
    assert not calls["faults"], calls["faults"]
    running.steer("emulator", "DELETE", "_emulator/calls")
    log: list[dict[str, Any]] = calls["log"]
    return log


def most_in_a_minute(calls: list[dict[str, Any]]) -> int:
    """Return the largest number of calls that started within sixty seconds."""
    times = sorted(call["at_s"] for call in calls)
    most, begin = 0, 0
    for end, at_s in enumerate(times):
        while at_s - times[begin] >= 60:
            begin += 1
        most = max(most, end - begin + 1)
    return most


@click.command()
@click.option("--rows", default=10_000, show_default=True, help="Of the narrow tab: URLs and nothing else.")
@click.option("--more", default=100_000, show_default=True, help="Of the wide tab.")
@click.option("--width", default=25, show_default=True, help="Columns of the wide tab.")
@click.option("--only", type=click.Choice(["narrow", "wide"]), help="One of both tabs.")
@click.option("--figures", "path", type=click.Path(path_type=Path), help="A file that keeps what a piece has measured.")
def main(*, rows: int, more: int, width: int, only: str | None, path: Path | None) -> None:
    """Measures a narrow tab of ROWS rows against a wide one of MORE, with 8 fields."""
    kept = msgspec.json.decode(path.read_bytes(), type=dict[str, list[Figures]]) if path and path.exists() else {}
    if only != "wide":
        kept["narrow"] = measure(rows, 1)
    if only != "narrow":
        kept["wide"] = measure(more, width)
    if path:
        path.write_bytes(msgspec.json.encode(kept))
    table = Table("tab", "run", "calls", "calls/s", "s", "ms/row", "accepted after s", "worker MB", "api MB")
    for one in [each for tab in kept.values() for each in tab]:
        times = f"{one.per_second:.2f}", f"{one.took_s:.0f}", f"{one.ms_per_row:.2f}", f"{one.accepted_s:.1f}"
        table.add_row(one.tab, one.run, str(one.calls), *times, f"{one.worker_mb:.0f}", f"{one.api_mb:.0f}")
    Console(width=120).print(table)
    verdicts = Verdicts()
    for few, many in zip(kept.get("narrow", ()), kept.get("wide", ()), strict=True) if len(kept) > 1 else ():
        judge(verdicts, few, many)
    sys.exit(bool(verdicts.broken))


def judge(verdicts: Verdicts, few: Figures, many: Figures) -> None:
    """Prints each figure of a run over the wide tab beside its limit."""
    print(f"{many.tab}, {many.run}:")
    verdicts.say("  largest page, bytes", many.page_bytes, MAX_ANSWER, ",d")
    verdicts.say("  larger answers, each a column of URLs", many.url_answers, URL_ANSWERS[many.run], "d")
    verdicts.say("  the largest of them, bytes", many.url_bytes, MAX_URL_ANSWER, ",d")
    verdicts.say("  largest write, bytes", many.request_bytes, MAX_REQUEST, ",d")
    verdicts.say("  calls a second, on average, after the first burst", many.per_second, PER_MINUTE / 60, ".2f")
    verdicts.say("  calls in any minute", many.in_a_minute, PER_MINUTE + BURST, "d")
    verdicts.say(
        "  time per row, compared with the narrow tab", many.ms_per_row / few.ms_per_row, MAX_TIME_PER_ROW, ".2f"
    )
    verdicts.say("  peak memory of the worker, MB", many.worker_mb, MAX_MEMORY_MB, ".0f")
    verdicts.say("  the same, compared with the narrow tab", many.worker_mb / few.worker_mb, MAX_MEMORY, ".2f")


if __name__ == "__main__":
    main()
