"""P11, P8: a custom field that takes too many steps costs its own cells, says so in its rows, and holds nobody up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from functions.credits.lead_status import LeadStatus
from functions.credits.plan import Plan
from functions.enrichment import result
from functions.enrichment.result import Result
from functions.errors import SheetBusy
from functions.fields import Budget, expressions, project
from functions.jobs import delivery, row_choice, service
from functions.jobs.attempt import ChunkResult, begin
from functions.jobs.chunk_runner import run_chunk
from functions.jobs.request import JobRequest
from functions.outcomes import Outcome
from functions.profiles.parsing import of_key
from functions.sheet_writes.fill import write
from functions.sheet_writes.writer import SheetWriter, WriteResult
from functions.sheets import transport
from functions.sheets.row_matching import RowValues
from functions.store import job_rows, leads
from functions.store.job_states import JobState
from functions.store.leads import Known
from tests.support.costly_expressions import COSTLY
from tests.support.desk import CALLER, Desk, expected, people_rows, url_of
from tests.support.enrichers import PROVIDER

TOO_MANY = "This field takes too many steps for this person; make its expression simpler."
SHARED = "The custom fields take too many steps for all these people together; make them simpler, or choose fewer rows."


def test_the_rows_of_a_costly_field_say_so_and_their_other_cells_are_filled(desk: Desk) -> None:
    spreadsheet = desk.sheet(people_rows(3))
    job = desk.run(spreadsheet, fields=("email", f"Costly={COSTLY['filters']}", "title"))
    assert job.state is JobState.DONE
    assert {row.outcome for row in desk.rows(job)} == {Outcome.ENRICHED}
    assert {row.detail for row in desk.rows(job)} == {TOO_MANY, SHARED}, (
        "each row says why, and the first why by itself"
    )
    columns = desk.columns(spreadsheet)
    for number in range(3):
        url = url_of(f"person-{number}")
        wanted = expected(f"person-{number}", ("email", "title"))
        assert [columns["Email"][url], columns["Title"][url], columns["Costly"][url]] == [*wanted, ""]


def test_a_chunk_full_of_costly_fields_takes_bounded_work_and_says_which_rows_it_left(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    budgets: list[Budget] = []

    def kept(leads: int) -> Budget:
        budgets.append(Budget(leads))
        return budgets[-1]

    monkeypatch.setattr(expressions, "MAX_STEPS_TOGETHER", 100_000)
    monkeypatch.setattr(delivery, "Budget", kept)
    job = desk.run(desk.sheet(people_rows(30)), fields=(f"Costly={COSTLY['filters']}",))
    assert job.state is JobState.DONE
    assert [budget.steps_left for budget in budgets] == [0]
    assert {row.detail for row in desk.rows(job)} == {TOO_MANY, SHARED}


def test_a_plan_over_people_who_are_known_takes_bounded_work_for_its_costly_fields(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it has no steps left for counts as open, which costs nothing; it does not say that nothing more is known."""
    fields = "email", f"Costly={COSTLY['filters']}"
    spreadsheet = desk.sheet(people_rows(30))
    desk.run(spreadsheet, fields=fields)

    def plan() -> Plan:
        wanted = JobRequest(spreadsheet_id=spreadsheet, range="Leads!B2:B", fields=fields)
        return service.plan_run(desk.context, wanted, CALLER, desk.token)[1]

    assert plan().already_filled == 30
    monkeypatch.setattr(row_choice, "_BATCH", 10)
    monkeypatch.setattr(row_choice, "PLAN_STEPS", 60_000)
    bounded = plan()
    assert (bounded.already_filled, bounded.lookups) == (20, 0), "two batches of ten people with 5,000 steps each"


def test_fields_that_make_much_text_are_written_and_given_back_in_parts(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a flush nor an answer holds all of it, though the tab is a small one."""
    sizes: list[int] = []

    def seen(writer: SheetWriter, rows: Sequence[RowValues], **more: Any) -> WriteResult:  # noqa: ANN401 - passed on
        sizes.append(sum(len(str(value)) for row in rows for value in row.values.values()))
        return write(writer, rows, **more)

    monkeypatch.setattr(delivery, "MAX_FLUSH_BYTES", 30_000)
    monkeypatch.setattr(delivery, "write", seen)
    monkeypatch.setattr(transport, "MAX_ANSWER_BYTES", 150_000)
    transport.hang_up()  # the connection has the limit that it was made with
    spreadsheet = desk.sheet(people_rows(30))
    before = desk.grid(spreadsheet)
    text = "x" * 10_000
    job = desk.run(spreadsheet, fields=("email", f"Long='{'x' * 400}'|join('',[{','.join('@' * 25)}])"))
    assert (job.state, desk.counts(job)) == (JobState.DONE, {Outcome.ENRICHED: 30})
    assert max(sizes) <= 30_000 + len(text) + 100, "one row more than the limit, and no further one"
    written = desk.columns(spreadsheet)["Long"]
    assert [written[url_of(f"person-{number}")] for number in range(30)] == [text] * 30
    undone = desk.undo(job)
    assert (undone.state, undone.message) == (JobState.UNDONE, None)
    assert desk.grid(spreadsheet) == before
    transport.hang_up()


def test_values_of_flushes_that_fail_do_not_pile_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each flush meets a busy tab, and each time further rows have come."""
    monkeypatch.setattr(delivery, "MAX_FLUSH_BYTES", 3_000)
    job = desk.start(desk.sheet(people_rows(40)), fields=(f"Long='{'x' * 400}'",))
    assert run_chunk(desk.context) is ChunkResult.DONE  # the sheet is prepared
    attempt = begin(desk.context, None)
    assert attempt is not None
    with desk.store.reading() as connection:
        rows = job_rows.of_chunk(connection, job.id, attempt.chunk.number)
    taken = delivery.Delivery(attempt, rows)
    monkeypatch.setattr(delivery, "write", busy)
    for row in reversed(rows):
        known = {
            PROVIDER: Known(LeadStatus.FOUND, desk.context.clock(), packed=leads.pack(b'{"name": "Given Family"}'))
        }
        taken.take(row.position, Result(row.position, of_key(row.key or ""), Outcome.KNOWN, known))
        with pytest.raises(SheetBusy):
            taken.flush()
    assert len(taken) == 40
    assert len(taken._values) <= 8, "those of one flush, whoever has come since"


def busy(*_: Any, **__: Any) -> WriteResult:  # noqa: ANN401 - whatever is written
    raise SheetBusy("Another run writes into this tab.", retry_after_s=1)


def test_a_run_that_is_cancelled_amid_its_costly_fields_ends(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    job = desk.start(desk.sheet(people_rows(20)), fields=(f"Costly={COSTLY['map']}", "email"))
    assert run_chunk(desk.context) is ChunkResult.DONE  # the sheet is prepared
    cancelled: list[JobState] = []

    def while_somebody_cancels(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - passed on
        if not cancelled:
            cancelled.append(service.cancel(desk.context, job).state)
        return project(*arguments, **options)

    monkeypatch.setattr(result, "project", while_somebody_cancels)
    assert run_chunk(desk.context) is ChunkResult.DONE
    assert (cancelled, desk.job(job).state) == ([JobState.CANCELLING], JobState.CANCELLED)
    assert desk.counts(job) == {Outcome.ENRICHED: 20}, "what was paid for is written"
