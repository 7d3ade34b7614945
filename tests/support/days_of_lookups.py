"""A run that takes several days of a provider's daily limit, in simulated time: two and a half days of lookups."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from unittest import mock

from functions.credits.lookup_result import LookupResult, Throttled
from functions.credits.terms import Limit, WindowStart
from functions.jobs.request import JobRequest
from functions.outcomes import Outcome
from functions.providers.contract import quota_exhausted
from functions.store import job_rows, jobs, ledger
from functions.store.job_states import JobState
from tests.support.calm_provider import CalmProvider, CalmSlintel
from tests.support.desk import expected, url_of
from tests.support.simulated_run import FIELDS, Deployment
from tests.support.simulation import START, World

PER_S = 10
DAY_S = 86_400.0
BEHIND_S = 40.0
"""The provider's clock is so late."""
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


class StrictProvider(CalmProvider):
    """Refuses what is too much: in a second, by a bucket that holds a second's worth, and in its own day."""

    per_day: int

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.by_day: Counter[int] = Counter()
        self.refused = 0
        self._tokens, self._refilled_s = float(PER_S), 0.0

    def serve(self, slug: str) -> LookupResult:
        """Answers one request, and counts it."""
        now_s = self._world.now_s
        day = int((now_s - BEHIND_S) // DAY_S)
        self.by_day[day] += 1
        self._tokens = min(PER_S, self._tokens + (now_s - self._refilled_s) * PER_S)
        self._refilled_s = now_s
        if self.by_day[day] > self.per_day:
            self.refused += 1
            now = START + timedelta(seconds=now_s - BEHIND_S)
            raise quota_exhausted("Slintel", START + (day + 1) * DAY, now=now)
        if self._tokens < 1:
            self.refused += 1
            return Throttled()
        self._tokens -= 1
        return super().serve(slug)


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """What a run took."""

    took_s: float
    """Of simulated time."""
    waits: int
    """How often it waited for the end of a day."""
    by_day: list[int]
    """Lookups of each day."""


def run_for_days(*, rows: int, per_day: int, in_cloud: bool, seed: int = 7) -> Days:
    """Runs over so many people, and checks that each was paid for once, each row written, and no request refused."""
    waits: list[Any] = []
    wait_for_quota = jobs.wait_for_quota

    def noted(*arguments: Any) -> Any:  # noqa: ANN401 - the function's own
        waiter = wait_for_quota(*arguments)
        waits.extend([waiter[0]] if waiter else [])
        return waiter

    random.seed(seed)  # the spreadsheet draws the ids of its anchors there
    world = World(seed)
    limits = (
        Limit(Decimal(PER_S), SECOND, WindowStart.ROLLING),
        Limit(Decimal(per_day), DAY, WindowStart.CLOCK),
    )
    strict = type("Strict", (StrictProvider,), {"per_day": per_day})
    deployment = Deployment(
        world=world, in_cloud=in_cloud, limits=limits, make_provider=strict, make_slintel=CalmSlintel
    )
    people = [[str(number), url_of(f"person-{number}")] for number in range(rows)]
    deployment.fill_sheet([["Id", "LinkedIn"], *people])
    world.person.sleep(3_600)  # both clocks tell the same day
    wanted = JobRequest(spreadsheet_id=deployment.workbook.id, range="Leads!B2:B", fields=FIELDS)
    with mock.patch.object(jobs, "wait_for_quota", noted):
        job = deployment.run(deployment.start(wanted), [], at_most_s=(2 + rows / per_day) * DAY_S, each_s=120)
    provider = deployment.provider
    assert isinstance(provider, StrictProvider)
    assert job.state is JobState.DONE
    assert provider.charges.total() == len(provider.charges) == rows
    assert provider.refused == 0
    with deployment.context(world.person).store.reading() as connection:
        assert job_rows.counts(connection, job.id) == {Outcome.ENRICHED: rows}
        totals = ledger.totals(connection)["slintel"]
    assert (float(totals.charged), float(totals.in_doubt)) == (rows, 0)
    for number, row in enumerate(deployment.grid()[1:]):
        assert row + [""] * (6 - len(row)) == [*people[number], *expected(f"person-{number}", FIELDS)]
    took_s = world.now_s
    world.close()
    return Days(took_s=took_s, waits=len(waits), by_day=list(provider.by_day.values()))
