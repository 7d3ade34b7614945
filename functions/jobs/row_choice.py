"""Decide for each row of a scanned sheet whether a run takes it, and if not, why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from msgspec.structs import replace

from functions.context import AppContext
from functions.credits.terms import Terms
from functions.credits.trial import Trial
from functions.enrichment.cost_plan import knows_no_more, people_to_ask
from functions.errors import InvalidRequest, NotFound
from functions.fields import Budget
from functions.jobs.request import JobRequest
from functions.outcomes import LeftOut, retryable
from functions.profiles import Profile
from functions.sheets.scan import ScannedRow, SheetScan
from functions.store import job_rows, jobs, leads
from functions.store.leads import Known

FINISHED = "Nothing more is known about this person; a run would leave the row as it is."

_BATCH = 500
"""Rows whose people are read at once, with their leads."""
PLAN_STEPS = 10_000_000
"""The steps that custom fields of a plan may take, some ten seconds; those of a chunk may take half."""


def choose_rows(context: AppContext, scan: SheetScan, job_request: JobRequest) -> Iterator[ScannedRow]:
    """Return every row of a scan, with what the store knows about it.

    A row also counts as filled if the lead has nothing for its empty cells and no provider would be asked. A row is
    left out if it does not meet a condition on an earlier run, or is not part of the trial.

    Raises:
        InvalidRequest: a condition names a job that is not one of this spreadsheet.
        BadRange: values or columns would break what a formula elsewhere fills.
        SheetError: the spreadsheet cannot be read.
    """
    terms = {name: context.terms[name] for name in job_request.asked(context.providers)}
    choice = _Choice(context, scan, job_request, terms)
    rows = choice.without_answer_before(scan.rows())
    rows = rows if job_request.overwrite else choice.finished(rows)
    return rows if job_request.trial is None else choice.tried(list(rows), job_request.trial)


@dataclass(frozen=True, slots=True)
class _Choice:
    context: AppContext
    scan: SheetScan
    request: JobRequest
    terms: Mapping[str, Terms]
    """Of the providers of the run, in their order."""

    def without_answer_before(self, rows: Iterator[ScannedRow]) -> Iterator[ScannedRow]:
        """Leave out people who had an answer in the runs that conditions name."""
        for condition in self.request.only_where:
            if condition.test == "failed_in":
                rows = _only_of(rows, self._keys_without_answer(condition.values[0]))
        return rows

    def _keys_without_answer(self, job_id: str) -> set[str]:
        with self.context.store.reading() as connection:
            try:
                job = jobs.get(connection, job_id)
            except NotFound:
                job = None
            if job is None or job.spreadsheet_id != self.request.spreadsheet_id:
                raise InvalidRequest("A condition names a run of another spreadsheet; choose a run of this one.")
            return {row.key for row in job_rows.ended_as(connection, job_id, retryable(in_doubt=True)) if row.key}

    def finished(self, rows: Iterator[ScannedRow]) -> Iterator[ScannedRow]:
        """Count a row as filled if nothing more is known about its person.

        Leads are read of the rows that a run may have written: those that hold something, and those in a tab that has
        all of the columns, where a lead may have had nothing for any of them. Once custom fields have taken the steps
        that a plan has, the rest counts as open: the run looks, and known people cost it nothing.
        """
        steps_left = PLAN_STEPS
        has_columns = all(target.held is not None for target in self.scan.targets)
        while steps_left > 0 and (batch := list(islice(rows, _BATCH))):
            perhaps = {
                row.found.key
                for row in batch
                if isinstance(row.found, Profile) and (row.held or has_columns) and _is_open(row)
            }
            known: dict[str, dict[str, Known]] = {}
            if perhaps:
                with self.context.store.reading() as connection:
                    known = leads.read(connection, sorted(perhaps), self.context.fresh, self.context.clock())
            budget = Budget(len(batch))
            granted = budget.steps_left
            for row in batch:
                key = row.found.key if isinstance(row.found, Profile) else ""
                is_finished = key in perhaps and _is_open(row) and self._has_all(row, known.get(key, {}), budget)
                yield replace(row, filled=True, sentence=FINISHED) if is_finished else row
            steps_left -= granted - budget.steps_left
        yield from rows

    def _has_all(self, row: ScannedRow, known: Mapping[str, Known], budget: Budget) -> bool:
        """Tell whether a run would ask nobody about the row's person, and find no value for an empty cell."""
        if not isinstance(row.found, Profile):
            return False
        empty = [target.field for number, target in enumerate(self.scan.targets) if number not in row.held]
        return knows_no_more(
            row.found,
            known,
            empty,
            terms=self.terms,
            needs=self.request.wanted(),
            retry=self.request.retry,
            budget=budget,
        )

    def tried(self, rows: Sequence[ScannedRow], trial: Trial) -> Iterator[ScannedRow]:
        """Leave out all rows but those of a trial: of people who would have to be looked up, where there are any."""
        first: dict[str, int] = {}
        wanted = frozenset(trial.numbers)
        for row in rows:
            if isinstance(row.found, Profile) and _is_open(row) and (not wanted or row.number in wanted):
                first.setdefault(row.found.key, row.number)
        asked = people_to_ask(
            self.context.store,
            list(first),
            terms=self.terms,
            needs=self.request.wanted(),
            fresh=self.context.fresh,
            now=self.context.clock(),
            retry=self.request.retry,
        )
        candidates = [number for key, number in first.items() if asked[key]]
        tried = set(trial.pick(candidates or list(first.values())))
        for row in rows:
            is_other = _is_open(row) and row.number not in tried
            yield replace(row, left_out=LeftOut.TRIAL) if is_other else row


def _only_of(rows: Iterator[ScannedRow], keys: set[str]) -> Iterator[ScannedRow]:
    for row in rows:
        is_other = _is_open(row) and not (isinstance(row.found, Profile) and row.found.key in keys)
        yield replace(row, left_out=LeftOut.CONDITION) if is_other else row


def _is_open(row: ScannedRow) -> bool:
    return not row.filled and row.left_out is None
