"""A run as somebody sees it who watches the sheet: the first value, the pauses between values, the last one.

Run: `python -m benchmarks.alive` (about 25 minutes; `--rows 60 --rows 1000` is quicker, `--picture FILE` draws the
sheets' fill). All of Leadfill runs as processes of this machine; a client without a browser confirms the run and polls
the sheet and the time left. An answer takes its time by a log-normal distribution, a Sheets call 0.3 s; the provider's
rates are lifted. The exit code is not 0 where a limit is passed.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from benchmarks.jobs import PLENTY, Caps, spreadsheet_of, start
from benchmarks.pictures import Curve, drawn
from local.providers.switches import Switches, latency_s
from local.stack import Stack, stack

FIELDS = ("status", "email", "title", "company", "size", "location", "industry", "function")
"""Each row has a status, and so a value in the first column."""
CONCURRENCY = 16
SIGMA = 0.4
SHEETS_CALL_S = 0.3
POLL_S, FIRST_POLL_S = 0.25, 0.05
"""Seconds between two looks, and before the first value: an empty column is looked at quickly."""
WARM_UP = 3
"""Rows of the run before."""
MINUTE_S = 60.0
USERS_QUOTA = 60
"""Google's, in calls a minute."""

MAX_FIRST_S = 3.0
"""Until the first value, beside one answer."""
MAX_PAUSE_S = 8.0
MAX_LAST_S = 3.0
"""From the last answer to the last value."""
MIN_SHARE = 0.95
"""Of what so many lookups at once can reach; where a run is long enough to have a rate."""
MIN_ROWS = 1_000
MAX_CALLS = USERS_QUOTA // 2
MAX_OFF = 0.25
"""The error of the time left, from a tenth of the run on, as a share of the truth; of what a person sees."""
SEEN_S = 10.0
"""Below that, the sidebar says "a few seconds left" (`forecast.in_words`)."""


class Settings(Caps):
    """The settings of the functions."""

    SLINTEL_CONCURRENCY: str
    SHEETS_CALLS_PER_MINUTE: str


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the sheet, the provider and the job."""

    at_s: float
    """Since the confirmation."""
    filled: int
    """Rows that hold a value."""
    asked: int
    answered: int
    left_s: float | None
    """The time left, as the API tells it."""


@dataclass(slots=True)
class Watched:
    """A run that was watched to its end."""

    rows: int
    latency_s: float
    looks: list[Look] = field(default_factory=list)
    calls_s: list[float] = field(default_factory=list)
    """The times of the calls of the Sheets API."""
    best_s: float = 0.0
    """What the lookups take at least, so many at once."""

    @property
    def first_s(self) -> float:
        """From the confirmation to the first value."""
        return next(look.at_s for look in self.looks if look.filled)

    @property
    def pause_s(self) -> float:
        """The longest time without a new value, from the first to the last."""
        news = [later.at_s for look, later in pairwise(self.looks) if later.filled > look.filled]
        return max((later - earlier for earlier, later in pairwise(news)), default=0.0)

    @property
    def last_s(self) -> float:
        """From the last answer to the last value."""
        return self._when_full() - self._when_answered()

    @property
    def share(self) -> float:
        """Of the rate that so many lookups at once can reach, from the first request to the last answer."""
        began_s = next(look.at_s for look in self.looks if look.asked)
        return self.best_s / (self._when_answered() - began_s)

    @property
    def empty(self) -> float:
        """The share of the run in which the sheet held no value."""
        return self.first_s / self._when_full()

    @property
    def calls_a_minute(self) -> int:
        """The most Sheets calls in any minute."""
        return max(sum(at_s <= one < at_s + MINUTE_S for one in self.calls_s) for at_s in self.calls_s)

    @property
    def off(self) -> float | None:
        """The largest error of the time left, as a share of the truth; None where nothing was told."""
        end_s = self._when_full()
        told = [
            abs(look.left_s - (end_s - look.at_s)) / (end_s - look.at_s)
            for look in self.looks
            if look.left_s is not None
            and look.answered >= self.rows / 10
            and max(look.left_s, end_s - look.at_s) >= SEEN_S
            and look.at_s < end_s
        ]
        return max(told, default=None)

    def _when_full(self) -> float:
        return next(look.at_s for look in self.looks if look.filled == self.rows)

    def _when_answered(self) -> float:
        return next(look.at_s for look in self.looks if look.answered == self.rows)


def watch(running: Stack, rows: int, median_s: float) -> Watched:
    """Confirms a run over so many people, and looks until it has ended."""
    switches = Switches(latency_s=median_s, latency_sigma=SIGMA)
    running.steer("sandbox", "PUT", "_sandbox/switches", {"latency_s": median_s, "latency_sigma": SIGMA})
    running.steer("emulator", "PUT", "_emulator/switches", {"latency_s": SHEETS_CALL_S})
    slugs = [f"alive-{rows}-{median_s:g}-{number}" for number in range(rows)]
    values = [["LinkedIn"], *[[f"https://www.linkedin.com/in/{slug}"] for slug in slugs]]
    spreadsheet = spreadsheet_of(running, values)
    watched = Watched(rows, median_s)
    watched.best_s = sum(latency_s(slug, 1, switches) for slug in slugs) / CONCURRENCY
    before = running.steer("sandbox", "GET", "_sandbox/charges?by=key")["requests"]
    running.steer("emulator", "DELETE", "_emulator/calls")
    began_s = time.monotonic()
    job = start(running, spreadsheet, rows, FIELDS)
    while job.is_active or not watched.looks:
        time.sleep(POLL_S)
        left_s = job.look()["eta_s"]
        watched.looks.append(_look(running, spreadsheet, time.monotonic() - began_s, before, left_s))
    assert job.shown["counts"] == {"enriched": rows}, job.shown
    calls = running.steer("emulator", "GET", "_emulator/calls")
    watched.calls_s = [call["at_s"] for call in calls["log"]]
    return watched


def _look(running: Stack, spreadsheet: str, at_s: float, before: int, left_s: float | None) -> Look:
    cells = {"method": "spreadsheets.values.get", "spreadsheet": spreadsheet, "path": {"range": "Leads!B2:B"}}
    values = running.steer("emulator", "POST", "_emulator/call", cells).get("values", [])
    counts = running.steer("sandbox", "GET", "_sandbox/charges?by=key")
    asked = counts["requests"] - before
    return Look(at_s, sum(bool(row) for row in values), asked, asked - counts["in_flight"], left_s)


def measure(rows: int, median_s: float) -> Watched:
    """Watches a run through new processes, over an empty store, after one over a few rows."""
    settings = Settings(**PLENTY, SLINTEL_CONCURRENCY=str(CONCURRENCY), SHEETS_CALLS_PER_MINUTE=str(USERS_QUOTA))
    with tempfile.TemporaryDirectory() as folder, stack(Path(folder), **settings) as running:
        watch(running, WARM_UP, median_s)  # what a process does once is measured by benchmarks.cold_start
        return watch(running, rows, median_s)


def verdict(one: Watched) -> list[str]:
    """Return the limits that a run has passed."""
    limits = {
        "the first value": one.first_s <= MAX_FIRST_S + one.latency_s,
        "a pause": one.pause_s <= MAX_PAUSE_S,
        "the last value": one.last_s <= MAX_LAST_S,
        "the rate": one.share >= MIN_SHARE or one.rows < MIN_ROWS,
        "the calls": one.calls_a_minute <= MAX_CALLS,
        "the time left": one.off is None or one.off <= MAX_OFF,
    }
    return [name for name, kept in limits.items() if not kept]


@click.command()
@click.option("--rows", multiple=True, type=int, default=(60, 1_000, 5_000), show_default=True)
@click.option("--answer", "answers_s", multiple=True, type=float, default=(0.2, 1.0, 2.0), show_default=True)
@click.option("--picture", type=click.Path(path_type=Path), help="An SVG file for the fill of the sheets over time.")
def main(*, rows: Sequence[int], answers_s: Sequence[float], picture: Path | None) -> None:
    """Watches runs of so many ROWS, with an ANSWER of so many seconds."""
    titles = (
        "rows",
        "answer",
        "first value",
        "longest pause",
        "last value",
        "rate",
        "calls/min",
        "empty",
        "time left off",
    )
    table = Table(*titles)
    seen, broken = [], []
    for count in rows:
        for median_s in answers_s:
            one = measure(count, median_s)
            seen.append(one)
            passed = verdict(one)
            broken += [f"{count:,} rows, {median_s:g} s: {name}" for name in passed]
            table.add_row(
                f"{count:,}",
                f"{median_s:g} s",
                f"{one.first_s:.1f} s",
                f"{one.pause_s:.1f} s",
                f"{one.last_s:.1f} s",
                f"{one.share:.1%}",
                str(one.calls_a_minute),
                f"{one.empty:.0%}",
                "-" if one.off is None else f"{one.off:.0%}",
            )
            print(f"{count:,} rows, {median_s:g} s an answer: {', '.join(passed) or 'within all limits'}", flush=True)
    Console(width=120).print(table)
    if picture is not None:
        curves = [
            Curve(
                f"{one.rows:,} rows, {one.latency_s:g} s an answer",
                [(look.at_s / one.looks[-1].at_s, look.filled / one.rows) for look in one.looks],
            )
            for one in seen
        ]
        picture.write_text(drawn(curves))
    for sentence in broken:
        print(f"TOO MUCH: {sentence}")
    sys.exit(bool(broken))


if __name__ == "__main__":
    main()
