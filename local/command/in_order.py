"""The order of a list: results come as they come, and rows are written as they stand in the list."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

from msgspec.structs import replace

from functions.enrichment.result import Result
from functions.fields.catalogue import Field
from functions.fields.cell_format import CellValue
from functions.outcomes import Outcome
from functions.profiles.parsing import Reason
from functions.sheets.row_status import STATUS, is_status, number_of, unusable
from local.command.tally import Tally
from local.lists.contract import ListWriter, Row

REMEMBERED = 20_000
"""People whose values are kept for further rows of theirs."""
MAX_WAITING = 5_000
"""Rows that wait for an earlier one before remembered people go through the enricher too, which bounds them."""
SHOWN_EVERY_S = 0.5
"""Each time the store is asked what was spent."""
_AGAIN = {Outcome.ENRICHED: Outcome.KNOWN}
"""How a person's further rows end: one lookup is one `enriched`."""


@dataclass(frozen=True, slots=True)
class _Ended:
    """How a person's lookup ended, for their later rows."""

    outcome: Outcome
    values: tuple[CellValue, ...]
    detail: str


class InOrder:
    """Takes results as they come and writes rows in the order of the list; holds what waits for an earlier row."""

    def __init__(self, fields: tuple[Field, ...], writer: ListWriter, tally: Tally, show: Callable[[], None]) -> None:
        self._fields, self._writer, self._tally, self._show = fields, writer, tally, show
        self._status = number_of(fields)
        # A row with its outcome and values; without an outcome it waits for the run's next result.
        self._waiting: deque[tuple[Row, Outcome | None, tuple[CellValue, ...] | None]] = deque()
        self._finished: dict[int, Result] = {}
        self._written = 0  # results of the run that were written
        self._people: OrderedDict[str, _Ended] = OrderedDict()
        self._shown_at = 0.0

    def add(self, row: Row, outcome: Outcome, values: tuple[CellValue, ...] | None) -> None:
        """Take the list's next row, which has its outcome."""
        if self._waiting:
            self._waiting.append((row, outcome, values))
        else:
            self._put(row, outcome, values)

    def add_unusable(self, row: Row, reason: str, sentence: str) -> None:
        """Take a row without a profile; its status is written, with the reason, unless the cell is empty."""
        values = None
        if reason != Reason.EMPTY:
            self._tally.trouble(row.number, Outcome.UNUSABLE, sentence)
            values = tuple([unusable(reason) if field.name == STATUS else "" for field in self._fields])
        self.add(self._fresh(row), Outcome.UNUSABLE, values)

    def recall(self, row: Row, key: str) -> bool:
        """Take a row of a person who has had a result in this run, unless too much is waiting."""
        ended = self._people.get(key)
        if ended is None or len(self._waiting) >= MAX_WAITING:
            return False
        if ended.detail:
            self._tally.trouble(row.number, ended.outcome, ended.detail)
        self.add(row if self._status is None else self._fresh(row), ended.outcome, ended.values)
        return True

    def wait(self, row: Row) -> None:
        """Take the list's next row, which waits for its result."""
        self._waiting.append((row, None, None))

    def finish(self, result: Result) -> None:
        """Take a result of the run."""
        self._finished[result.index] = result
        waiting = self._waiting
        while waiting:
            row, outcome, values = waiting[0]
            if outcome is None:
                ready = self._finished.pop(self._written, None)
                if ready is None:
                    return
                self._written += 1
                outcome, (values, detail) = ready.outcome, self._values(ready)
                row = self._fresh(row)
                if detail and outcome is not Outcome.CANCELLED:
                    self._tally.trouble(row.number, outcome, detail)
            waiting.popleft()
            self._put(row, outcome, values)

    def show_now(self) -> None:
        """Draw the progress."""
        self._show()

    def _values(self, result: Result) -> tuple[tuple[CellValue, ...], str]:
        """Returns the values of a person and the row's sentence, also of custom fields that have no value for them."""
        failures: dict[str, None] = {}

        def failed(sentence: str) -> str:
            failures[sentence] = None
            return ""

        values = tuple(result.cells(self._fields, failed=failed))
        detail = " ".join(filter(None, [result.detail, *failures]))
        if result.outcome is not Outcome.CANCELLED and result.profile.key not in self._people:
            again = _AGAIN.get(result.outcome, result.outcome)
            kept = values
            if self._fields and again is not result.outcome:
                kept = tuple(result.cells(self._fields, status=again))
            self._people[result.profile.key] = _Ended(again, kept, detail)
            if len(self._people) > REMEMBERED:
                self._people.popitem(last=False)
        return values, detail

    def _fresh(self, row: Row) -> Row:
        """Return a row in which a status of an earlier run counts as empty: this run's takes its place."""
        if self._status is None or not is_status(row.held[self._status]):
            return row
        held = list(row.held)
        held[self._status] = ""
        return replace(row, held=tuple(held))

    def _put(self, row: Row, outcome: Outcome, values: tuple[CellValue, ...] | None) -> None:
        self._writer.write(row, values)
        self._tally.count(outcome, row.held, values)
        now = time.monotonic()
        if now - self._shown_at >= SHOWN_EVERY_S:
            self._shown_at = now
            self._show()
