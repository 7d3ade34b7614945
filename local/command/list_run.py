"""One run over a list: plan it, enrich it, write every row in the order of the list."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from decimal import Decimal
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path

from functions.credits.caps import Spender
from functions.credits.lead_status import LeadStatus
from functions.credits.needs import needs_of
from functions.credits.plan import Plan, RowCounts
from functions.credits.terms import Terms
from functions.credits.trial import Trial
from functions.enrichment.cost_plan import make_plan, people_to_ask
from functions.enrichment.enricher import Enricher
from functions.errors import LeadfillError, NotAProfile
from functions.profiles import Profile, parse
from local.command.decisions import Decision, Decisions
from local.command.in_order import InOrder
from local.command.only_where import ListCondition, Watch
from local.command.tally import Tally
from local.lists.contract import ListWriter, Row, SourceList
from local.lists.csv_list import CsvList
from local.lists.errors import BadFile
from local.lists.layout import Layout
from local.lists.new_workbook import NewWorkbookWriter
from local.lists.workbook_list import WORKBOOKS

REMEMBERED = 20_000
"""Texts of URL cells whose profile is kept."""
BATCH = 500
"""Rows whose people are read from the store at once."""


class ListRun:
    """The rows of one list, the fields wanted, and the enricher."""

    def __init__(
        self,
        enricher: Enricher,
        source: SourceList,
        layout: Layout,
        *,
        path: Path,
        adds_to: Path | None = None,
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
            adds_to: that earlier result.
            providers: those that may be asked, in their order; None for all.
            go_on: whether the run goes on with the others where a provider cannot be used any more.
            retry: statuses that are asked again.
            only_where: what must hold for a row's cells; other rows are left out.
            include_hidden: whether rows of a workbook count that a filter or somebody hides.
            trial: the rows to fill, where these are only a few; `plan` picks them.
        """
        self.path, self.adds_to = path, adds_to
        self.enricher, self.source, self.layout = enricher, source, layout
        self.providers = tuple(enricher.dispatchers if providers is None else providers)
        self.needs = needs_of(layout.fields)
        self.goes_on, self._retry = go_on, retry
        self.only_where, self.trial = tuple(only_where), trial
        self._include_hidden = include_hidden
        self._watch = Watch(layout, source.shape, only_where, str(path)) if only_where else None
        self._tried: frozenset[int] | None = None
        self._parse = lru_cache(maxsize=REMEMBERED)(_profile_or_reason)

    def plan(self, spender: Spender, ceilings: Mapping[str, Decimal] | None) -> Plan:
        """Return what the run would do and cost.

        Raises:
            BadFile: there is no row, or one that cannot be read.
        """
        self._tried = None
        if self.trial is not None:
            self._tried = self._pick(self.trial)
        row_counts = RowCounts()
        for batch in self._batches():
            people = []
            for row, decision in batch:
                if key := decision.key:
                    people.append(key)
                else:
                    filled, left_out = decision.is_filled, decision.left_out
                    row_counts.count(decision.found, filled=filled, left_out=left_out, number=row.number)
            row_counts.count_people(people)
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
        target = target.resolve()  # where it is a link, what it leads to is written, and the link stays
        part = target.with_name(target.name + ".part")
        try:
            writer = self._create(target, part)
            try:
                stopped_by = self._write(InOrder(self.layout.fields, writer, tally, show), spender, stop)
                writer.close()
            finally:
                writer.discard()
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        return stopped_by

    def _create(self, target: Path, part: Path) -> ListWriter:
        if target.suffix.lower() == ".xlsx" and self.source.suffix not in WORKBOOKS:
            if not isinstance(self.source, CsvList):
                raise BadFile(f"{target} exists already and is not a workbook; name another file with OUT=… (--out).")
            return NewWorkbookWriter(self.source, part, self.layout)
        return self.source.create(part, self.layout)

    def _write(self, rows: InOrder, spender: Spender, stop: threading.Event) -> LeadfillError | None:
        run = self.enricher.enrich(
            rows.people(self._batches()),
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
        for row, decision in chain.from_iterable(self._batches()):
            if key := decision.key:
                first.setdefault(key, row.number)
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

    def _batches(self) -> Iterator[Iterable[tuple[Row, Decision]]]:
        """Every row of the list with the decision about it.

        A row counts as filled, too, where its lead has nothing for the empty cells and nobody would be asked.
        """
        watch, tried = self._watch, self._tried
        rows = self.source.rows(self.layout if watch is None else watch.layout)
        decisions = Decisions(
            self.enricher,
            self.layout.fields,
            watch,
            self._parse,
            terms=self._terms(),
            needs=self.needs,
            retry=self._retry,
            include_hidden=self._include_hidden,
        )
        while batch := list(islice(rows, BATCH)):
            decided = decisions.of(batch)
            if tried is not None:
                decided = [
                    decision if row.number in tried else decision.outside_of_trial()
                    for row, decision in zip(batch, decided, strict=True)
                ]
            yield zip(batch if watch is None else map(watch.of_fields, batch), decided, strict=True)

    def _terms(self) -> dict[str, Terms]:
        return {name: self.enricher.dispatchers[name].provider.terms for name in self.providers}


def _profile_or_reason(text: str) -> tuple[Profile | str, str]:
    """Return the profile in a cell, or the reason why there is none and the sentence for it."""
    try:
        return parse(text), ""
    except NotAProfile as error:
        return str(error.reason), str(error)
