"""P9: with the sidebar closed, a run of three hours goes on past the life of its access, or waits and says so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from functions.credits.terms import Limit, WindowStart
from functions.jobs import leases, service
from functions.jobs.request import JobRequest
from functions.outcomes import Outcome
from functions.store import job_rows, ledger
from functions.store.job_states import JobState
from functions.store.jobs import Job
from tests.support import simulated_run
from tests.support.calm_provider import CalmProvider, CalmSlintel
from tests.support.desk import url_of
from tests.support.simulated_run import FIELDS, Deployment
from tests.support.simulation import World

MINUTE_S, HOUR_S = 60.0, 3_600.0
EACH_S = 60.0
ROWS = int(3 * HOUR_S / EACH_S)
TOKEN_LASTS_S = 5 * MINUTE_S


@pytest.fixture
def deployment(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    """One whose provider takes a request every ninety seconds, and whose tokens live for five minutes."""
    monkeypatch.setattr(leases, "WATCH_S", 10.0)
    monkeypatch.setattr(simulated_run, "SWEEP_S", 1_800.0)
    limits = (Limit(1 / Decimal(EACH_S), timedelta(seconds=1), WindowStart.ROLLING),)
    world = World(5)
    made = Deployment(
        world=world,
        in_cloud=True,
        limits=limits,
        token_lasts_s=TOKEN_LASTS_S,
        make_provider=CalmProvider,
        make_slintel=CalmSlintel,
    )
    made.fill_sheet([["Id", "LinkedIn"], *[[str(number), url_of(f"person-{number}")] for number in range(ROWS)]])
    yield made
    world.close()


def started(deployment: Deployment) -> Job:
    wanted = JobRequest(spreadsheet_id=deployment.workbook.id, range="Leads!B2:B", fields=FIELDS)
    return deployment.start(wanted)


def accounts(deployment: Deployment) -> tuple[int, int, int]:
    """Return what the provider has charged, and the ledger's credits: charged, in doubt."""
    with deployment.context(deployment.world.person).store.reading() as connection:
        totals = ledger.totals(connection).get("slintel", ledger.Totals())
    return deployment.provider.charges.total(), int(totals.charged), int(totals.in_doubt)


@pytest.mark.parametrize(
    ("every_s", "planned_s"), [(10 * MINUTE_S, 6 * HOUR_S), (HOUR_S, 36 * HOUR_S)], ids=["bound", "published"]
)
def test_with_the_trigger_it_ends_by_itself_and_not_later_than_the_plan_says(
    deployment: Deployment, every_s: float, planned_s: float
) -> None:
    job = started(deployment)
    deployment.renew_access_every(every_s, job)
    job = deployment.run(job, [], at_most_s=planned_s + HOUR_S)
    assert (job.state, job.encrypted_token, job.access_until) == (JobState.DONE, None, None)
    assert deployment.world.now_s >= 3 * HOUR_S
    with deployment.context(deployment.world.person).store.reading() as connection:
        assert job_rows.counts(connection, job.id) == {Outcome.ENRICHED: ROWS}
    assert all(any(row[2:]) for row in deployment.grid()[1:])
    assert accounts(deployment) == (ROWS, ROWS, 0)


def test_without_the_trigger_it_waits_says_so_and_pays_for_nobody(deployment: Deployment) -> None:
    job = started(deployment)
    deployment.work()
    person, context = deployment.world.person, deployment.context(deployment.world.person)
    person.sleep(HOUR_S)
    job = service.reload(context, job)
    assert (job.state, job.access_until) == (JobState.WAITING_FOR_ACCESS, None)
    assert "open the sidebar again" in (job.message or "")
    charged, settled, in_doubt = accounts(deployment)
    assert (charged, in_doubt) == (settled, 0)
    assert 0 < charged <= TOKEN_LASTS_S / EACH_S + 2
    person.sleep(10 * HOUR_S)
    assert accounts(deployment)[0] == charged
    token = deployment.token()
    service.renew_access(context, job, token.text, access_until=token.until)  # somebody opens the sidebar
    person.sleep(HOUR_S)
    assert service.reload(context, job).state is JobState.WAITING_FOR_ACCESS
    assert charged < accounts(deployment)[0] <= 2 * charged + 2
    assert sum(any(row[2:]) for row in deployment.grid()[1:]) >= charged, "what was paid for stands in the sheet"
