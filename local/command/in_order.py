"""The order of a list: results come as they come, and rows are written as they stand in the list."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from functions.enrichment.result import Result
from functions.fields.catalogue import Field
from functions.fields.cell_format import CellValue
from functions.outcomes import Outcome
from functions.profiles import Profile
from functions.profiles.parsing import Reason
from functions.sheets.row_status import STATUS, is_status, number_of, unusable
from local.command.decisions import Decision, Settled
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
_Values = tuple[CellValue, ...] | None
_LEFT_ALONE = frozenset({Outcome.ALREADY_FILLED, Outcome.LEFT_OUT})
"""Outcomes of rows whose Status stays as it is."""


@dataclass(frozen=True, slots=True)
class _Ended:
    """How a person's lookup ended, for their later rows."""

    outcome: Outcome
    values: _Values
    detail: str


class InOrder:
    """Takes results as they come and writes rows in the order of the list; holds what waits for an earlier row."""

    def __init__(self, fields: tuple[Field, ...], writer: ListWriter, tally: Tally, show: Callable[[], None]) -> None:
        self._fields, self._writer, self._tally, self._show = fields, writer, tally, show
        self._write = writer.write
        self._status = number_of(fields)
        # Rows that are settled, and rows that wait for the run's next result.
        self._waiting: deque[tuple[Row, Settled | None]] = deque()
        self._finished: dict[int, Result] = {}
        self._written = 0  # results of the run that were written
        self._people: OrderedDict[str, _Ended] = OrderedDict()
        self._shown_at = 0.0

    def people(self, batches: Iterable[Iterable[tuple[Row, Decision]]]) -> Iterator[Profile]:
        """Take the rows of the list, and yield the people for whom a row waits for a result of the run."""
        waiting, put = self._waiting, self._put
        for batch in batches:
            for row, decision in batch:
                settled = decision.settled or self._settled(row, decision)
                if settled is not None and not waiting:
                    put(row, settled)
                elif settled is not None and (len(waiting) < MAX_WAITING or not decision.key):
                    waiting.append((row, settled))
                elif isinstance(decision.found, Profile):
                    waiting.append((row, None))
                    yield decision.found
            self._show_in_time()

    def finish(self, result: Result) -> None:
        """Take a result of the run."""
        self._finished[result.index] = result
        waiting = self._waiting
        while waiting:
            row, settled = waiting[0]
            if settled is None:
                ready = self._finished.pop(self._written, None)
                if ready is None:
                    break
                self._written += 1
                values, detail = self._values(ready)
                settled = self._end(row, ready.outcome, values, "" if ready.outcome is Outcome.CANCELLED else detail)
            waiting.popleft()
            self._put(row, settled)
        self._show_in_time()

    def show_now(self) -> None:
        """Draw the progress."""
        self._show()

    def _settled(self, row: Row, decision: Decision) -> Settled | None:
        """Return how a row ends without a result of its own; None where it needs one."""
        found = decision.found
        if isinstance(found, str):
            values, detail = None, ""
            if found != Reason.EMPTY:  # the status is written, with the reason
                detail = decision.sentence
                values = tuple([unusable(found) if field.name == STATUS else "" for field in self._fields])
            decision.settled = self._end(row, Outcome.UNUSABLE, values, detail)
        elif decision.is_filled:
            decision.settled = self._end(row, Outcome.ALREADY_FILLED, None, "")
        elif decision.left_out is not None:
            decision.settled = self._end(row, Outcome.LEFT_OUT, None, "")
        elif ended := self._people.get(found.key):
            decision.settled = self._end(row, ended.outcome, ended.values, ended.detail)
        return decision.settled

    def _end(self, row: Row, outcome: Outcome, values: _Values, detail: str) -> Settled:
        held, status = row.held, self._status
        if status is not None and outcome not in _LEFT_ALONE and is_status(held[status]):
            # A status of an earlier run counts as empty: this run's takes its place.
            held = (*held[:status], "", *held[status + 1 :])
        return Settled(self._tally.kind(outcome, held, values), self._writer.render(held, values), detail)

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

    def _put(self, row: Row, settled: Settled) -> None:
        self._write(row.record, settled.rendered)
        settled.kind.rows += 1
        if settled.detail:
            self._tally.trouble(row.number, settled.kind.outcome, settled.detail)

    def _show_in_time(self) -> None:
        now = time.monotonic()
        if now - self._shown_at >= SHOWN_EVERY_S:
            self._shown_at = now
            self._show()
