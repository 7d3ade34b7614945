"""P9, P1, P2: a run of several days of a provider's limit needs no person, and pays for nobody twice."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest

from functions.credits.lookup_result import LookupResult, Throttled
from functions.credits.terms import Limit, WindowStart
from functions.entrypoints import local_worker
from functions.jobs import new_job
from functions.jobs.request import JobRequest
from functions.outcomes import Outcome
from functions.providers.contract import quota_exhausted
from functions.store import job_rows, jobs, ledger
from functions.store.job_states import JobState
from functions.store.jobs import Job
from tests.support.calm_provider import CalmProvider, CalmSlintel
from tests.support.desk import url_of
from tests.support.simulated_run import FIELDS, Deployment
from tests.support.simulation import START, World

ROWS, PER_DAY, CHUNK_ROWS = 100, 40, 20
"""As 25,000 rows and 10,000 lookups a day are, in small."""
PER_S = 10
DAY_S = 86_400.0
BEHIND_S = 40.0
"""The provider's clock is so late."""
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
LIMITS = (
    Limit(Decimal(PER_S), SECOND, WindowStart.ROLLING),
    Limit(Decimal(PER_DAY), DAY, WindowStart.CLOCK),
)


class Strict(CalmProvider):
    """Refuses what is too much: in a second, by a bucket that holds a second's worth, and in its own day."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.by_day: Counter[int] = Counter()
        self.refused = 0
        self._tokens, self._refilled_s = float(PER_S), 0.0

    def serve(self, slug: str) -> LookupResult:
        now_s = self._world.now_s
        day = int((now_s - BEHIND_S) // DAY_S)
        self.by_day[day] += 1
        self._tokens = min(PER_S, self._tokens + (now_s - self._refilled_s) * PER_S)
        self._refilled_s = now_s
        if self.by_day[day] > PER_DAY:
            self.refused += 1
            now = START + timedelta(seconds=now_s - BEHIND_S)
            raise quota_exhausted("Slintel", START + (day + 1) * DAY, now=now)
        if self._tokens < 1:
            self.refused += 1
            return Throttled()
        self._tokens -= 1
        return super().serve(slug)


@pytest.mark.parametrize("place", ["cloud", "machine"])
def test_a_run_of_two_and_a_half_days_takes_three_and_waits_twice(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new_job, "CHUNK_ROWS", CHUNK_ROWS)
    monkeypatch.setattr(local_worker, "POLL_S", 600.0)
    waits: list[str] = []
    wait_for_quota = jobs.wait_for_quota

    def noted(*arguments: object) -> object:
        waiter = wait_for_quota(*arguments)  # type: ignore[arg-type] # the function's own
        waits.extend([waiter[0]] if waiter else [])
        return waiter

    monkeypatch.setattr(jobs, "wait_for_quota", noted)
    random.seed(7)  # the spreadsheet draws the ids of its anchors there
    world = World(7)
    deployment = Deployment(
        world=world, in_cloud=place == "cloud", limits=LIMITS, make_provider=Strict, make_slintel=CalmSlintel
    )
    rows = [[str(number), url_of(f"person-{number}")] for number in range(ROWS)]
    deployment.fill_sheet([["Id", "LinkedIn"], *rows])
    world.person.sleep(3_600)  # both clocks tell the same day
    wanted = JobRequest(spreadsheet_id=deployment.workbook.id, range="Leads!B2:B", fields=FIELDS)
    job = deployment.run(deployment.start(wanted), [], at_most_s=4 * DAY_S, each_s=120)
    assert_paid_once(deployment, job)
    assert len(waits) == 2
    assert 2 * DAY_S < world.now_s < 2 * DAY_S + 3_600
    world.close()


def assert_paid_once(deployment: Deployment, job: Job) -> None:
    provider = deployment.provider
    assert isinstance(provider, Strict)
    assert job.state is JobState.DONE
    assert provider.charges.total() == len(provider.charges) == ROWS
    assert list(provider.by_day.values()) == [PER_DAY, PER_DAY, ROWS - 2 * PER_DAY], "no day is wasted or exceeded"
    assert provider.refused == 0
    store = deployment.context(deployment.world.person).store
    with store.reading() as connection:
        assert job_rows.counts(connection, job.id) == {Outcome.ENRICHED: ROWS}
        totals = ledger.totals(connection)["slintel"]
    assert (float(totals.charged), float(totals.in_doubt)) == (ROWS, 0)
    assert all(any(row[2:]) for row in deployment.grid()[1:])
