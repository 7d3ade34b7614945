"""P11, P8: a custom field that takes too many steps costs its own cells, says so in its rows, and holds nobody up."""

from __future__ import annotations

from typing import Any

import pytest

from functions.enrichment import result
from functions.fields import Budget, expressions, project
from functions.jobs import delivery, service
from functions.jobs.attempt import ChunkResult
from functions.jobs.chunk_runner import run_chunk
from functions.outcomes import Outcome
from functions.store.job_states import JobState
from tests.support.costly_expressions import COSTLY
from tests.support.desk import Desk, expected, people_rows, url_of

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
