"""A thousand formula cells meet a provider that is slower than a formula may be, and then one click.

Run: `python -m benchmarks.waiting_formulas` (about a minute; needs Node). The add-on's own code carries out everything
that it does at Google: the formulas, all at once, and *Calculate waiting formulas*. Some show `Loading…` at first.
After one click every cell has to show its value, every person is paid for once, and no credit is in doubt.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from local.stack import PERSON, stack
from tests.support.accounts import totals_of
from tests.support.desk import expected, url_of
from tests.support.postgresql import server
from tests.support.running import Json, Running, attach
from tests.support.waiting import wait_until

HARNESS = Path(__file__).parents[1] / "sheets_addon" / "tests" / "at_backend.mjs"
SLOW_S, SPREAD, USUAL_S = 15.0, 0.4, 0.05
"""The provider's time to answer: some answers are later than the 18 s of a formula. And as it mostly is."""
SLOWEST_S = 300.0
"""An answer may take a minute, and more on a busy machine."""
ROWS = 100
"""Cells of a formula."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """Formulas of `ROWS` cells each, one beside the other."""

    running: Running
    spreadsheet: str
    token: Json
    formulas: int

    def slugs(self, number: int) -> list[str]:
        """The people of a formula."""
        return [f"waiting-{number}-{row}" for row in range(ROWS)]

    def cells(self, number: int) -> str:
        """Where it stands: below the one before it."""
        return f"Leads!B{2 + number * ROWS}:B{1 + (number + 1) * ROWS}"

    def addon(self, kind: str, name: str, *args: object) -> dict[str, Any]:
        """Carries out a function of the add-on, in a process of its own."""
        urls = self.running.stack.urls
        call = {
            "kind": kind,
            "name": name,
            "args": args,
            "token": self.token,
            "spreadsheetId": self.spreadsheet,
            "addresses": {"api": urls["api"], "formula": urls["formula"]},
            "emulator": {"url": urls["emulator"], "token": self.running.emulator.token(PERSON)},
        }
        done = subprocess.run(
            ["node", str(HARNESS), json.dumps(call)],  # noqa: S607 - as `make addon` runs it
            check=True,
            capture_output=True,
            text=True,
            timeout=120,
        )
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def calculate(self, number: int) -> None:
        """Carries a formula out as Sheets does, and shows what it gives."""
        urls = [[url_of(slug)] for slug in self.slugs(number)]
        given = self.addon("formula", "ENRICH", urls, "email")["given"]
        values = given if isinstance(given, list) else [[given]]
        self.running.emulator.computed(self.spreadsheet, self.cells(number), values, block=True)

    def calculate_all(self, numbers: list[int]) -> None:
        """Carries these formulas out at once."""
        with ThreadPoolExecutor(len(numbers) or 1) as pool:
            list(pool.map(self.calculate, numbers))

    def without_value(self) -> dict[int, int]:
        """Return for each formula that lacks values how many cells do."""
        lacking = {}
        for number in range(self.formulas):
            shown = self.running.emulator.values(self.spreadsheet, self.cells(number))
            texts = [row[0] if row else "" for row in [*shown, *[[]] * (ROWS - len(shown))]]
            right = [expected(slug, ["email"])[0] for slug in self.slugs(number)]
            if wrong := sum(text != value for text, value in zip(texts, right, strict=True)):
                lacking[number] = wrong
        return lacking


def run(running: Running, formulas: int) -> bool:
    """Let the formulas wait, click once, and tell whether everything is there and paid for once."""
    people = formulas * ROWS
    rows = [["LinkedIn"], *([url_of(f"waiting-{at // ROWS}-{at % ROWS}")] for at in range(people))]
    spreadsheet = running.emulator.spreadsheet(rows, owner=PERSON)
    sheet = Sheet(running, spreadsheet, running.formula_token(spreadsheet), formulas)
    for number in range(formulas):
        first = 2 + number * ROWS
        formula = f'=ENRICH(A{first}:A{first + ROWS - 1},"email")'
        running.emulator.write(spreadsheet, f"Leads!B{first}", [[formula]], option="USER_ENTERED")
    running.sandbox.switch(latency_s=SLOW_S, latency_sigma=SPREAD)
    sheet.calculate_all(list(range(formulas)))
    waiting = sheet.without_value()
    print(f"at first: {sum(waiting.values()):,} of {people:,} cells in {len(waiting)} formulas show no value")
    running.sandbox.switch(latency_s=USUAL_S)
    wait_until(lambda: running.sandbox.charges()["in_flight"] == 0, at_most_s=SLOWEST_S)
    before = running.sandbox.charges()["total"]
    wait_until(lambda: _charged(running)[0] == before)
    print(f"late answers: {before:,} people are paid for, and their values are kept")
    toast = sheet.addon("menu", "calculateWaitingFormulas")["shown"][-1]["details"]["message"]
    again = sorted(sheet.without_value())
    print(f"one click: “{toast}”")
    sheet.calculate_all(again)
    left = sheet.without_value()
    charges = running.sandbox.charges()["total"]
    charged, in_doubt = _charged(running)
    print(f"then: {sum(left.values()):,} cells show no value")
    print(f"{charges:,} charges for {people:,} people; {charged} charged, {in_doubt} in doubt")
    is_paid_once = charges == charged == people and not in_doubt
    return bool(waiting) and before > 0 and again == sorted(waiting) and not left and is_paid_once


def _charged(running: Running) -> tuple[int, int]:
    totals = totals_of(running.store)
    return int(totals.charged), int(totals.in_doubt)


@click.command()
@click.option("--formulas", default=10, show_default=True, help=f"Of {ROWS} cells each.")
def main(*, formulas: int) -> None:
    """Let a thousand cells wait for a slow provider, and calculate them with one click."""
    with server() as database, tempfile.TemporaryDirectory() as folder, ExitStack() as closing:
        started = closing.enter_context(
            stack(
                Path(folder),
                DATABASE_URL=database.database(),
                FORMULA_CREDITS_PER_DAY="100000",
                THREADS="32",
                SLINTEL_TIMEOUT_S="60",
                SLINTEL_CONCURRENCY="64",
            )
        )
        if not run(attach(started, closing), formulas):
            sys.exit(1)


if __name__ == "__main__":
    main()
