"""One run over a CSV file: plan it, enrich it, write every row in the order of the file."""

from __future__ import annotations

import csv
import os
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TextIO

from functions.credits.caps import Spender, caps
from functions.credits.lead_status import LeadStatus
from functions.credits.plan import Plan, RowCounts, plan
from functions.enrichment.enricher import Enricher, Result
from functions.errors import LeadfillError, NotAProfile
from functions.fields import Facts
from functions.outcomes import Outcome
from functions.profiles import Profile, parse
from functions.store import leads, ledger
from local.csv_columns import Columns
from local.csv_file import BadFile, CsvFile

MAX_TROUBLES = 5
"""How many rows that went wrong are shown one by one."""


@dataclass(slots=True)
class Tally:
    """What has become of the rows so far."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    troubles: list[tuple[int, str]] = field(default_factory=list)
    """Some rows that went wrong: their numbers in the file, and why."""

    def trouble(self, number: int, sentence: str) -> None:
        """Remembers why a row went wrong, if it is among the first."""
        if len(self.troubles) < MAX_TROUBLES:
            self.troubles.append((number, sentence))


@dataclass(frozen=True, slots=True)
class CsvRun:
    """The rows of one file, the fields wanted, and the enricher."""

    enricher: Enricher
    table: CsvFile
    columns: Columns
    retry: frozenset[LeadStatus]
    """Statuses to ask again."""

    def plan(self, spender: Spender, max_credits: int | None) -> Plan:
        """What the run would do and cost.

        Raises:
            BadFile: there is no row.
        """
        row_counts = RowCounts()
        for _number, wide, found in self._rows(Tally()):
            row_counts.count(found, filled=self.columns.filled(wide))
        if not row_counts.rows:
            raise BadFile(f"{self.table.path} has a header but no rows; there is nothing to enrich.")
        enricher, now = self.enricher, self.enricher.clock()
        with enricher.store.reading() as connection:
            statuses = leads.statuses(connection, list(row_counts.keys), enricher.fresh, now)
            unbound = replace(spender, ceiling=enricher.limits.per_run)
            left = ledger.credits_left(connection, caps(unbound, enricher.limits, now))
        return plan(row_counts, statuses, left, ceiling=max_credits, retry=self.retry)

    def enrich(
        self, target: Path, spender: Spender, stop: threading.Event, tally: Tally, show: Callable[[], None]
    ) -> LeadfillError | None:
        """Writes the enriched file; `target` appears whole or not at all.

        Args:
            target: the file to write.
            spender: on whose behalf, with the confirmed ceiling.
            stop: once set, nothing more is looked up, and the other rows are written as they are.
            tally: filled while the run goes on.
            show: called after each row.

        Returns:
            What ended the run early, if something did.

        Raises:
            OSError: the file cannot be written; what was paid for is in the store.
            StoreError: the store cannot be used any more.
        """
        part = target.with_name(target.name + ".part")
        try:
            with part.open("w", encoding=self.table.encoding, newline="", errors="replace") as file:
                stopped_by = self._write(_InOrder(self, file, tally), spender, stop, show)
                file.flush()
                os.fsync(file.fileno())
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        return stopped_by

    def _write(
        self, rows: _InOrder, spender: Spender, stop: threading.Event, show: Callable[[], None]
    ) -> LeadfillError | None:
        def profiles() -> Iterator[Profile]:
            for number, wide, found in self._rows(rows.tally):
                if isinstance(found, str):
                    rows.add(number, wide, Outcome.UNUSABLE)
                elif self.columns.filled(wide):
                    rows.add(number, wide, Outcome.ALREADY_FILLED)
                else:
                    rows.add(number, wide, None)
                    yield found

        run = self.enricher.enrich(profiles(), spender, retry=self.retry, stop=stop)
        with closing(iter(run)) as results:  # where a row cannot be written, what is in flight is settled first
            for result in results:
                rows.finish(result)
                show()
        show()
        return run.stopped_by

    def _rows(self, tally: Tally) -> Iterator[tuple[int, list[str], Profile | str]]:
        """Each row's number in the file, its cells with room for the fields, and its profile or why it has none."""
        for number, row in enumerate(self.table.rows(), start=2 if self.table.has_header else 1):
            try:
                found: Profile | str = parse(row[self.columns.url_column])
            except NotAProfile as error:
                found = str(error.reason)
                tally.trouble(number, str(error))
            yield number, self.columns.widen(row), found


class _InOrder:
    """Takes results as they come and writes rows in the order of the file; holds what waits for an earlier row."""

    def __init__(self, run: CsvRun, file: TextIO, tally: Tally) -> None:
        self.tally = tally
        self._columns = run.columns
        self._writer = csv.writer(file, delimiter=run.table.delimiter)
        self._waiting: deque[tuple[int, list[str], Outcome | None]] = deque()  # None: the run's next result
        self._finished: dict[int, Result] = {}
        self._written = 0  # results of the run that were written
        if run.table.has_header:
            titles = [field.header for field in run.columns.fields]
            self._writer.writerow(run.columns.widen([*run.table.header], titles))

    def add(self, number: int, wide: list[str], outcome: Outcome | None) -> None:
        """The file's next row; without an outcome it waits for the run's result."""
        self._waiting.append((number, wide, outcome))
        self._drain()

    def finish(self, result: Result) -> None:
        """A result of the run."""
        self._finished[result.index] = result
        self._drain()

    def _drain(self) -> None:
        while self._waiting:
            number, wide, outcome = self._waiting[0]
            if outcome is None:
                result = self._finished.pop(self._written, None)
                if result is None:
                    return
                self._written += 1
                outcome = result.outcome
                self._columns.fill(wide, result.lead, result.facts)
                if result.detail and outcome is not Outcome.CANCELLED:
                    self.tally.trouble(number, result.detail)
            elif outcome is Outcome.UNUSABLE:
                self._columns.fill(wide, None, Facts(status=outcome))
            self._waiting.popleft()
            self.tally.outcomes[outcome] += 1
            self._writer.writerow(wide)
