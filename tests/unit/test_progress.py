"""P12: the time left is right, whatever was filled before, and through a provider's pauses."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count, pairwise
from math import exp
from random import Random

import pytest

from functions.credits.forecast import Recent, Supply
from functions.credits.pacing import PATIENCE, Schedule
from functions.credits.terms import Limit, WindowStart
from functions.jobs.progress import ENDING, LATELY, Ahead, Progress, progress
from functions.store.job_states import JobState
from functions.store.jobs import Job

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
TEN_A_SECOND = Limit(Decimal(10), SECOND, WindowStart.CLOCK)
SEEDS = range(3)
NOTICED = timedelta(seconds=10)
"""What is left of a run that people look at a figure for."""


def job(state: JobState = JobState.RUNNING, *, rows: int = 1_000, goes_on_at: datetime | None = None) -> Job:
    """A job that was resumed a second ago."""
    return Job(
        id="job",
        spreadsheet_id="sheet",
        user_id="user",
        request={},
        request_digest="",
        sheet_id=0,
        state=state,
        ceilings={},
        encrypted_token=None,
        layout=None,
        rows=rows,
        message=None,
        stop_requested=False,
        created_at=NOW - timedelta(days=9),
        started_at=NOW - timedelta(days=8),
        resumed_at=NOW - SECOND,
        finished_at=None,
        goes_on_at=goes_on_at,
    )


def recent(people: int, seconds: float) -> Recent:
    """So many people were looked up in so many seconds."""
    return Recent(people, NOW - timedelta(seconds=seconds), NOW, 16)


SLINTEL = Supply(Schedule(limits=(TEN_A_SECOND,)))


@pytest.mark.parametrize(
    ("done", "ahead", "expected"),
    [
        (
            (900, 1),
            Ahead(99, recent(20, 2.0)),
            Progress(901, 0.901, 10.0, 11.4),
        ),  # known and earlier rows count for nothing
        ((0, 5), Ahead(995, recent(5, 0.5)), Progress(5, 0.005, None, None)),  # five answers tell no pace
        (
            (0, 5),
            Ahead(990, recent(5, 0.5), (SLINTEL,)),
            Progress(5, 0.005, None, 100.0),
        ),  # but the provider's terms do
        ((0, 20), Ahead(980, recent(20, 1.0), (SLINTEL,)), Progress(20, 0.02, 20.0, 99.0)),  # a burst is not its pace
        ((0, 0), Ahead(0), Progress(0, 0.0, None, 1.0)),  # all are known
        ((0, 0), Ahead(0, chunks=10, delivery=3 * SECOND), Progress(0, 0.0, None, 28.0)),  # and take their calls
        ((1_000, 7), Ahead(0), Progress(1_000, 1.0, None, 1.0)),  # what has come back may have its outcome by now
    ],
)
def test_progress(done: tuple[int, int], ahead: Ahead, expected: Progress) -> None:
    assert progress(job(), *done, ahead, NOW) == expected


def test_a_job_without_rows_is_done() -> None:
    assert progress(job(rows=0), 0, 0, Ahead(), NOW).fraction == 1.0


@pytest.mark.parametrize("state", sorted(set(JobState) - {JobState.RUNNING, JobState.WAITING_FOR_QUOTA}))
def test_who_does_not_run_has_no_time_left(state: JobState) -> None:
    assert progress(job(state), 500, 0, Ahead(500, recent(50, 5.0)), NOW) == Progress(500, 0.5, None, None)


@dataclass
class History:
    """The lookups of a run, as they happen to it."""

    people: int
    answer_s: float
    limits: tuple[Limit, ...] = ()
    concurrency: int = 16
    seed: int = 0
    answers: list[datetime] = field(default_factory=list)
    starts: list[datetime] = field(default_factory=list)
    schedules: list[Schedule] = field(default_factory=list)
    pauses: list[tuple[datetime, datetime]] = field(default_factory=list)

    def __post_init__(self) -> None:
        random = Random(self.seed)
        free, schedule = [NOW] * self.concurrency, Schedule(limits=self.limits)
        for _ in range(self.people):
            at = min(free)
            start = schedule.earliest(at)
            if start - at > PATIENCE:
                goes_on = start + timedelta(seconds=random.uniform(60, 180))
                self.pauses.append((max(free), goes_on))
                free, at = [goes_on] * self.concurrency, goes_on
                start = schedule.earliest(at)
            schedule = schedule.started(start)
            self.starts.append(start)
            answer = start + timedelta(seconds=self.answer_s * exp(random.gauss(0, 0.4)))
            free[free.index(min(free))] = answer
            self.answers.append(answer)
            self.schedules.append(schedule)
        self.answers.sort()

    @property
    def end(self) -> datetime:
        """When the last value is in the sheet."""
        return self.answers[-1] + ENDING

    def told(self, at: datetime, before: int) -> timedelta | None:
        """Return what is told of the time left at a moment; so many rows were known or done before."""
        goes_on = next((until for since, until in self.pauses if since <= at < until), None)
        waits = next((since for since, until in self.pauses if since <= at < until), None)
        resumed = max([NOW, *(until for _, until in self.pauses if until <= at)])
        until = waits or at
        lately = [one for one in self.answers if max(resumed, until - LATELY) <= one <= until]
        done = sum(one <= at for one in self.answers)
        started = bisect_right(self.starts, at)
        schedule = self.schedules[started - 1] if started else Schedule(limits=self.limits)
        ahead = Ahead(
            self.people - done,
            Recent(len(lately), lately[0], until, started - done) if lately else None,
            (Supply(schedule),),
        )
        state = JobState.RUNNING if goes_on is None else JobState.WAITING_FOR_QUOTA
        running = job(state, rows=before + self.people, goes_on_at=goes_on)
        eta_s = progress(running, before + done, 0, ahead, at).eta_s
        return None if eta_s is None else timedelta(seconds=eta_s)

    def moments(self) -> Iterator[datetime]:
        """Yield moments from a tenth of the run on."""
        began, length = NOW, self.end - NOW
        for number in count(4):
            at = began + length * number / 40
            if self.end - at < NOTICED:
                return
            yield at


HISTORIES = {
    "1 s": {"people": 1_000, "answer_s": 1.0},
    "a long one": {"people": 5_000, "answer_s": 0.5},
    "slow": {"people": 300, "answer_s": 3.0},
    "the provider's pace": {"people": 800, "answer_s": 0.4, "limits": (TEN_A_SECOND,)},
    "a minute's limit": {
        "people": 350,
        "answer_s": 0.3,
        "limits": (Limit(Decimal(100), 60 * SECOND, WindowStart.FIRST_REQUEST),),
    },
    "a day's limit": {
        "people": 700,
        "answer_s": 0.4,
        "limits": (TEN_A_SECOND, Limit(Decimal(300), DAY, WindowStart.CLOCK)),
    },
    "a rolling day": {
        "people": 700,
        "answer_s": 0.4,
        "limits": (TEN_A_SECOND, Limit(Decimal(300), DAY, WindowStart.ROLLING)),
    },
}


@pytest.mark.parametrize("before", [0, 2_300], ids=["nothing before", "many known"])
@pytest.mark.parametrize("kind", HISTORIES)
def test_the_time_left_is_true_from_a_tenth_of_the_run_on(kind: str, before: int) -> None:
    for seed in SEEDS:
        history = History(seed=seed, **HISTORIES[kind])  # type: ignore[arg-type] # as the table has them
        for at in history.moments():
            told, truth = history.told(at, before), history.end - at
            assert told is not None, (seed, at - NOW)
            assert abs(told - truth) <= truth / 4, (seed, at - NOW, told, truth)


@pytest.mark.parametrize("kind", HISTORIES)
def test_it_never_climbs_by_more_than_a_fifth(kind: str) -> None:
    history = History(**HISTORIES[kind])  # type: ignore[arg-type] # as the table has them
    said = [told for at in history.moments() if (told := history.told(at, 0)) is not None]
    assert said
    assert all(later <= earlier * 1.2 for earlier, later in pairwise(said))
