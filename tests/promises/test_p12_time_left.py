"""P12: the time left that people are told is true: of a first run, over known rows, and in a retry.

Whole runs in simulated time, watched from a tenth of each on. tests/unit/test_progress.py tries the forecast alone, and
the pauses of a provider's limit.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from math import exp

from functions.credits.terms import EVERY_NEED, Needs, Terms
from functions.entrypoints import responses
from functions.jobs import service
from functions.jobs.request import JobRequest
from functions.profiles import Profile
from functions.providers import slintel
from functions.providers.contract import Answer
from functions.sheets.client import GoogleSheet
from functions.store.job_states import JobState
from functions.store.jobs import Job
from tests.support.calm_provider import CalmProvider, CalmSlintel
from tests.support.desk import url_of
from tests.support.enrichers import allowed
from tests.support.simulated_run import Deployment, SimulatedSheet
from tests.support.simulation import Process, World

ROWS = 200
NOTICED_S = 10.0
"""What is left of a run that people look at a figure for."""
ENDED = (JobState.DONE, JobState.CANCELLED)


class Slintel(CalmSlintel):
    """Answers in two seconds, more or less (log-normal): by so little that few people tell the pace."""

    def look_up(self, profile: Profile, needs: Needs = EVERY_NEED) -> Answer:
        """One request, there and back."""
        deviation = sum(self._process.random() for _ in range(12)) - 6  # nearly normal
        self._process.sleep(2 * exp(0.2 * deviation))
        return super().look_up(profile, needs)


class Calm(Deployment):
    """A deployment at whose spreadsheet nothing goes wrong."""

    @property
    def terms(self) -> Mapping[str, Terms]:
        """Without limits: the answers alone tell the pace."""
        return {slintel.NAME: replace(slintel.TERMS, limits=())}

    def sheet(self, spreadsheet_id: str, access_token: str, process: Process) -> GoogleSheet:
        """One process's way to a spreadsheet."""
        sheet = super().sheet(spreadsheet_id, access_token, process)
        assert isinstance(sheet, SimulatedSheet)
        sheet.faults, sheet.way_s = 0.0, 0.3
        return sheet


def deployed() -> Calm:
    """A machine that works, and a sheet of people whom nobody has looked up."""
    random.seed(1)  # the spreadsheet draws the ids of its anchors there
    calm = Calm(world=World(1), in_cloud=False, make_provider=CalmProvider, make_slintel=Slintel)
    calm.fill_sheet([["LinkedIn"], *[[url_of(f"person-{number}")] for number in range(ROWS)]])
    calm.work()
    return calm


def request(calm: Calm, rows: int, *fields: str) -> JobRequest:
    """A run over the first rows."""
    return JobRequest(spreadsheet_id=calm.workbook.id, range=f"Leads!A2:A{rows + 1}", fields=fields)


def watch(calm: Calm, job: Job, each_s: float = 1.0) -> list[tuple[float, float | None, float]]:
    """Return of moments of a run, to its end: the share that is over, what is told of the time left, and the truth."""
    context, world, told = calm.context(calm.world.person), calm.world, list[tuple[float, float | None]]()
    while (job := service.reload(context, job)).state not in ENDED:
        told.append((world.now_s, responses.job(context, job, started_by="").eta_s))
        world.person.sleep(each_s)
    began_s, end_s = told[0][0], world.now_s
    return [((at_s - began_s) / (end_s - began_s), left_s, end_s - at_s) for at_s, left_s in told]


def assert_true(moments: list[tuple[float, float | None, float]]) -> None:
    """Within a quarter of the truth, from a tenth of the run on; a few people tell no pace for longer."""
    noticed = [(left_s, truth_s) for share, left_s, truth_s in moments if share >= 0.1 and truth_s >= NOTICED_S]
    told = [(left_s, truth_s) for left_s, truth_s in noticed if left_s is not None]
    assert len(told) >= max(10, 0.75 * len(noticed))
    assert [(left_s, truth_s) for left_s, truth_s in told if abs(left_s - truth_s) > truth_s / 4] == []


def test_of_a_first_run_and_of_one_over_people_of_whom_most_are_known() -> None:
    calm = deployed()
    known = ROWS * 7 // 10
    assert_true(watch(calm, calm.start(request(calm, known, "email"))))
    assert_true(watch(calm, calm.start(request(calm, ROWS, "title"), "two")))
    assert calm.provider.charges.total() == ROWS
    calm.world.close()


def test_of_a_retry() -> None:
    """What was looked up before tells nothing of it."""
    calm = deployed()
    context = calm.context(calm.world.person, calm.wake)
    job = calm.start(request(calm, ROWS, "email"))
    calm.world.person.sleep(30)
    service.cancel(context, job)
    watch(calm, job)
    tried = calm.provider.charges.total()
    assert 0 < tried < ROWS // 2
    calm.world.person.sleep(20)
    job = service.reload(context, job)
    again = service.retry(
        context,
        job,
        calm.token().text,
        retry_in_doubt=False,
        max_credits=allowed(10**6),
        idempotency_key="again",
    )
    assert_true(watch(calm, again.job))
    assert calm.provider.charges.total() == ROWS
    calm.world.close()
