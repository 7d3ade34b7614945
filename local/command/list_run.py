"""One run over a list: plan it, enrich it, write every row in the order of the list."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from itertools import islice
from pathlib import Path

from functions.credits.caps import Spender
from functions.credits.lead_status import LeadStatus
from functions.credits.needs import needs_of
from functions.credits.plan import Plan, RowCounts
from functions.credits.terms import Terms
from functions.credits.trial import Trial
from functions.enrichment.cost_plan import knows_no_more, make_plan, people_to_ask
from functions.enrichment.enricher import Enricher
from functions.enrichment.result import Result
from functions.errors import LeadfillError, NotAProfile
from functions.fields import Budget
from functions.fields.cell_format import CellValue
from functions.outcomes import LeftOut, Outcome
from functions.profiles import Profile, parse
from functions.profiles.parsing import Reason
from functions.sheets.row_status import STATUS, is_status, number_of, unusable
from functions.store import leads
from local.command.only_where import ListCondition, Watch
from local.command.tally import Tally
from local.lists.contract import ListWriter, Row, SourceList
from local.lists.csv_list import CsvList
from local.lists.errors import BadFile
from local.lists.layout import Layout
from local.lists.new_workbook import NewWorkbookWriter

REMEMBERED = 20_000
"""People whose values are kept for further rows of theirs."""
MAX_WAITING = 5_000
"""Rows that wait for an earlier one before remembered people go through the enricher too, which bounds them."""
BATCH = 500
"""Rows whose people are read from the store at once."""
SHOWN_EVERY_S = 0.5
"""Each time the store is asked what was spent."""
_AGAIN = {Outcome.ENRICHED: Outcome.KNOWN}
"""How a person's further rows end: one lookup is one `enriched`."""


_Partly = tuple[str, tuple[bool, ...]]
"""A person, and which cells of a row of theirs are filled."""


@dataclass(frozen=True, slots=True)
class _Ended:
    """How a person's lookup ended, for their later rows."""

    outcome: Outcome
    values: tuple[CellValue, ...]
    detail: str


class ListRun:
    """The rows of one list, the fields wanted, and the enricher."""

    def __init__(
        self,
        enricher: Enricher,
        source: SourceList,
        layout: Layout,
        *,
        path: Path,
        providers: Iterable[str] | None = None,
        go_on: bool = False,
        retry: frozenset[LeadStatus] = frozenset(),
        only_where: Sequence[ListCondition] = (),
        include_hidden: bool = False,
        trial: Trial | None = None,
    ) -> None:
        """Bring the parts together.

        Args:
            enricher: of the environment.
            source: the list, or an earlier result of it.
            layout: of its columns.
            path: the list that a person named, even if an earlier result is read.
            providers: those that may be asked, in their order; None for all.
            go_on: whether the run goes on with the others where a provider cannot be used any more.
            retry: statuses that are asked again.
            only_where: what must hold for a row's cells; other rows are left out.
            include_hidden: whether rows of a workbook count that a filter or somebody hides.
            trial: the rows to fill, where these are only a few; `plan` picks them.
        """
        self.path, self.adds_to = path, None if source.path == path else source.path
        self.enricher, self.source, self.layout = enricher, source, layout
        self.providers = tuple(enricher.dispatchers if providers is None else providers)
        self.needs = needs_of(layout.fields)
        self.goes_on, self._retry = go_on, retry
        self.only_where, self.trial = tuple(only_where), trial
        self._include_hidden = include_hidden
        self._watch = Watch(layout, source.shape, only_where, str(path)) if only_where else None
        self._tried: frozenset[int] | None = None
        self._status = number_of(layout.fields)
        self._parse = lru_cache(maxsize=REMEMBERED)(_profile_or_reason)

    def plan(self, spender: Spender, ceilings: Mapping[str, Decimal] | None) -> Plan:
        """Return what the run would do and cost.

        Raises:
            BadFile: there is no row, or one that cannot be read.
        """
        self._tried = None
        if self.trial is not None:
            self._tried = self._pick(self.trial)
        row_counts, parsed = RowCounts(), self._parse
        for row, filled, left_out in self._rows():
            row_counts.count(parsed(row.url)[0], filled=filled, left_out=left_out, number=row.number)
        if not row_counts.rows:
            raise BadFile(f"{self.source.path} has a header but no rows; there is nothing to enrich.")
        enricher = self.enricher
        return make_plan(
            enricher.store,
            row_counts,
            user_id=spender.user_id,
            terms=self._terms(),
            needs=self.needs,
            limits=enricher.limits,
            fresh=enricher.fresh,
            now=enricher.clock(),
            retry=self._retry,
            ceilings=ceilings,
        )

    def plan_rest(self, spender: Spender) -> Plan:
        """Return what a run over all rows would do and cost after the trial.

        Raises:
            BadFile: there is no row, or one that cannot be read.
        """
        trial, self.trial = self.trial, None
        try:
            return self.plan(spender, None)
        finally:
            self.trial = trial

    def enrich(
        self, target: Path, spender: Spender, stop: threading.Event, tally: Tally, show: Callable[[], None]
    ) -> LeadfillError | None:
        """Write the enriched list; `target` appears whole or not at all.

        Args:
            target: the file to write.
            spender: on whose behalf, with the confirmed ceiling.
            stop: once set, nothing more is looked up, and the other rows are written as they are.
            tally: filled while the run goes on.
            show: called from time to time.

        Returns:
            What ended the run early, if something did.

        Raises:
            BadFile: the list cannot be read any further, or not be written so.
            OSError: the file cannot be written; what was paid for is in the store.
            StoreError: the store cannot be used any more.
        """
        part = target.with_name(target.name + ".part")
        try:
            writer = self._create(target, part)
            try:
                stopped_by = self._write(_InOrder(self, writer, tally, show), spender, stop)
                writer.close()
            finally:
                writer.discard()
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        return stopped_by

    def fresh_row(self, row: Row) -> Row:
        """Return a row in which a status of an earlier run counts as empty: this run's takes its place."""
        if self._status is None or not is_status(row.held[self._status]):
            return row
        held = list(row.held)
        held[self._status] = ""
        return row._replace(held=tuple(held))

    def _create(self, target: Path, part: Path) -> ListWriter:
        if target.suffix.lower() == ".xlsx" and self.source.suffix not in {".xlsx", ".xlsm", ".xltx", ".xltm"}:
            if not isinstance(self.source, CsvList):
                raise BadFile(f"{target} exists already and is not a workbook; name another file with OUT=… (--out).")
            return NewWorkbookWriter(self.source, part, self.layout)
        return self.source.create(part, self.layout)

    def _write(self, rows: _InOrder, spender: Spender, stop: threading.Event) -> LeadfillError | None:
        def profiles() -> Iterator[Profile]:
            parsed, add = self._parse, rows.add
            for row, filled, left_out in self._rows():
                found, sentence = parsed(row.url)
                if isinstance(found, str):
                    rows.add_unusable(row, found, sentence)
                elif filled:
                    add(row, Outcome.ALREADY_FILLED, None)
                elif left_out:
                    add(row, Outcome.LEFT_OUT, None)
                elif rows.recall(row, found.key):
                    continue
                else:
                    rows.wait(row)
                    yield found

        run = self.enricher.enrich(
            profiles(),
            spender,
            providers=self.providers,
            needs=self.needs,
            go_on=self.goes_on,
            retry=self._retry,
            stop=stop,
        )
        with closing(iter(run)) as results:  # where a row cannot be written, what is in flight is settled first
            for result in results:
                rows.finish(result)
        rows.show_now()
        return run.stopped_by or run.waits_for  # nobody goes on with a list by itself when a limit has ended

    def _pick(self, trial: Trial) -> frozenset[int]:
        """Return the numbers of the rows of a trial: of people who would have to be looked up, where there are any."""
        first: dict[str, int] = {}
        for row, filled, left_out in self._rows():
            found, _ = self._parse(row.url)
            if isinstance(found, Profile) and not filled and left_out is None:
                first.setdefault(found.key, row.number)
        enricher = self.enricher
        asked = people_to_ask(
            enricher.store,
            list(first),
            terms=self._terms(),
            needs=self.needs,
            fresh=enricher.fresh,
            now=enricher.clock(),
            retry=self._retry,
        )
        candidates = [number for key, number in first.items() if asked[key]]
        return frozenset(trial.pick(candidates or list(first.values())))

    def _rows(self) -> Iterator[tuple[Row, bool, LeftOut | None]]:
        """Every row of the list, whether it counts as filled, and the reason why it is left out, if it is.

        A row counts as filled, too, where its lead has nothing for the empty cells and nobody would be asked.
        """
        watch, tried, include_hidden = self._watch, self._tried, self._include_hidden
        rows, finished = self.source.rows(self.layout if watch is None else watch.layout), dict[_Partly, bool]()
        while batch := list(islice(rows, BATCH)):
            shown = batch if watch is None else [watch.of_fields(row) for row in batch]
            for read, row, filled in zip(batch, shown, self._filled(shown, finished), strict=True):
                left_out = None if include_hidden else row.hidden
                if left_out is None and watch is not None and not watch.is_met(read):
                    left_out = LeftOut.CONDITION
                if left_out is None and tried is not None and row.number not in tried:
                    left_out = LeftOut.TRIAL
                yield row, filled, left_out

    def _filled(self, rows: Sequence[Row], finished: dict[_Partly, bool]) -> list[bool]:
        """Tell of each row whether it counts as filled; `finished` remembers people of whose rows a part is filled."""
        if len(finished) > REMEMBERED:
            finished.clear()
        partly: dict[int, _Partly] = {}
        asked: dict[_Partly, Profile] = {}
        for row in rows:
            if any(row.held) and not all(row.held) and isinstance(found := self._parse(row.url)[0], Profile):
                partly[row.number] = one = found.key, tuple(map(bool, row.held))
                if one not in finished:
                    asked[one] = found
        if asked:
            enricher, terms, budget = self.enricher, self._terms(), Budget(len(rows))
            keys = sorted({key for key, _ in asked})
            with enricher.store.reading() as connection:
                known = leads.read(connection, keys, enricher.fresh, enricher.clock())
            for (key, held), found in asked.items():
                finished[key, held] = knows_no_more(
                    found,
                    known.get(key, {}),
                    [field for field, is_held in zip(self.layout.fields, held, strict=True) if not is_held],
                    terms=terms,
                    needs=self.needs,
                    retry=self._retry,
                    budget=budget,
                )
        return [finished[partly[row.number]] if row.number in partly else all(row.held) for row in rows]

    def _terms(self) -> dict[str, Terms]:
        return {name: self.enricher.dispatchers[name].provider.terms for name in self.providers}


def _profile_or_reason(text: str) -> tuple[Profile | str, str]:
    """Return the profile in a cell, or the reason why there is none and the sentence for it."""
    try:
        return parse(text), ""
    except NotAProfile as error:
        return str(error.reason), str(error)


class _InOrder:
    """Takes results as they come and writes rows in the order of the list; holds what waits for an earlier row."""

    def __init__(self, run: ListRun, writer: ListWriter, tally: Tally, show: Callable[[], None]) -> None:
        self._run, self._writer, self._tally, self._show = run, writer, tally, show
        self._fields = run.layout.fields
        # A row with its outcome and values; without an outcome it waits for the run's next result.
        self._waiting: deque[tuple[Row, Outcome | None, Sequence[CellValue] | None]] = deque()
        self._finished: dict[int, Result] = {}
        self._written = 0  # results of the run that were written
        self._people: OrderedDict[str, _Ended] = OrderedDict()
        self._shown_at = 0.0

    def add(self, row: Row, outcome: Outcome, values: Sequence[CellValue] | None) -> None:
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
            values = [unusable(reason) if field.name == STATUS else "" for field in self._fields]
        self.add(self._run.fresh_row(row), Outcome.UNUSABLE, values)

    def recall(self, row: Row, key: str) -> bool:
        """Take a row of a person who has had a result in this run, unless too much is waiting."""
        ended = self._people.get(key)
        if ended is None or len(self._waiting) >= MAX_WAITING:
            return False
        if ended.detail:
            self._tally.trouble(row.number, ended.outcome, ended.detail)
        self.add(self._run.fresh_row(row), ended.outcome, ended.values)
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
                row = self._run.fresh_row(row)
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
            if self._run.layout.fields and again is not result.outcome:
                kept = tuple(result.cells(self._fields, status=again))
            self._people[result.profile.key] = _Ended(again, kept, detail)
            if len(self._people) > REMEMBERED:
                self._people.popitem(last=False)
        return values, detail

    def _put(self, row: Row, outcome: Outcome, values: Sequence[CellValue] | None) -> None:
        self._writer.write(row, values)
        self._tally.count(outcome, row.held, values)
        now = time.monotonic()
        if now - self._shown_at >= SHOWN_EVERY_S:
            self._shown_at = now
            self._show()
