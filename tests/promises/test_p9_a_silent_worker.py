"""P9, P1 to P3: what a killed worker did goes on within a minute, and one that only stood still harms nothing."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import median, quantiles

import pytest
import sqlalchemy as sa

from functions.errors import StoreError
from functions.jobs.attempt import SETTLES_S
from functions.jobs.request import JobRequest
from functions.outcomes import Outcome
from functions.store import chunks, job_rows, schema
from functions.store.job_states import ChunkState, JobState
from functions.store.jobs import Job
from tests.support.accounts import totals_of
from tests.support.calm_provider import CalmProvider, CalmSlintel
from tests.support.desk import expected, url_of
from tests.support.simulated_run import FIELDS, LOOKUPS_AT_ONCE, TIMEOUT_S, Deployment, process_of
from tests.support.simulation import START, Process, SimulatedStore, World

KILLS, STALLS = 12, 6
STALL_S = 45.0
MINUTE_S = 60.0
SLUGS = [f"person-{number}" for number in range(40)]
HOUR_S = 3_600.0
WRITE = "values.batchUpdateByDataFilter"


class _Slintel(CalmSlintel):
    back_s = 2.0


class _Store(SimulatedStore):
    """A store that cannot be reached for a while."""

    def __init__(self, process: Process, deployment: _Deployment) -> None:
        super().__init__(process)
        self._deployment = deployment

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        self._reach()
        with super().writing() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        self._reach()
        with super().reading() as connection:
            yield connection

    def _reach(self) -> None:
        world = self._process.world
        is_ours = self._process not in (world.person, world.outside)  # people would try again
        if is_ours and world.now_s < self._deployment.database_back_s:
            world.wait("refused", 0.1)
            raise StoreError(retry_after_s=0.5)


@dataclass(slots=True, kw_only=True)
class _Deployment(Deployment):
    """Two instances in the cloud, one of which meets something while it runs the one chunk of a run."""

    database_back_s: float = 0.0
    met: list[tuple[float, Process]] = field(default_factory=list)
    """The time, and the process that was running the chunk then."""

    def make_store(self, process: Process) -> SimulatedStore:
        """See `Deployment`."""
        return _Store(process, self)

    def meet(self, at_s: float, happen: Callable[[Process], None], during: str) -> None:
        """Lets something happen to whoever runs the chunk so long after it was taken first.

        Args:
            at_s: so long.
            happen: what.
            during: the call to Google that its delivery is to be making then; empty: any or none.
        """

        def watch() -> None:
            context = self.context(self.world.outside)
            condition = schema.chunks.c.number == 1, schema.chunks.c.state == ChunkState.RUNNING
            lease = None
            while lease is None:
                self.world.outside.sleep(1)
                with context.store.reading() as connection:
                    lease = connection.scalar(sa.select(schema.chunks.c.lease).where(*condition))
            self.world.outside.sleep(at_s)
            (process,) = [it for it in map(process_of, self.instances) if lease.startswith(f"{it.name}/")]
            while during and not self._is_calling(process, during):
                self.world.outside.sleep(0.01)
            self.met.append((self.world.now_s, process))
            happen(process)

        self.world.outside.spawn(watch, name="misfortune")

    def _is_calling(self, process: Process, method: str) -> bool:
        own = (what for _, thread, what in reversed(self.world.history) if thread.startswith(f"{process.name}: deliv"))
        return next(own, "") == f"call {method}"

    @property
    def went_on_after_s(self) -> float:
        """Seconds until another process asked for somebody, or, where nobody was left to be asked for, did anything."""
        ((met_s, process),) = self.met
        others = [
            (at_s - met_s, what)
            for at_s, thread, what in self.world.history
            if at_s > met_s and ": chunk" in thread and not thread.startswith(f"{process.name}:")
        ]
        return next((at_s for at_s, what in others if what == "get"), others[0][0])


def kill(process: Process) -> None:
    """As SIGKILL does."""
    process.dead = True


def simulate(
    seed: int, happen: Callable[[_Deployment], Callable[[Process], None]], during: str = ""
) -> tuple[_Deployment, Job]:
    """A run of one chunk, and what happens in it at a moment drawn from the seed."""
    random.seed(seed)  # the spreadsheet draws the ids of its anchors there
    world = World(seed)
    deployment = _Deployment(
        world=world, in_cloud=True, max_absence_s=30.0, make_provider=CalmProvider, make_slintel=_Slintel
    )
    deployment.fill_sheet([["Id", "LinkedIn"], *[[str(number), url_of(slug)] for number, slug in enumerate(SLUGS)]])
    deployment.meet(world.random.uniform(0.0, 3.0 if during else 8.0), happen(deployment), during)
    request = JobRequest(spreadsheet_id=deployment.workbook.id, range="Leads!B2:B", fields=FIELDS)
    job = deployment.run(deployment.start(request), [], at_most_s=HOUR_S, each_s=5)
    assert_kept(deployment, job)
    world.close()
    return deployment, job


def assert_kept(deployment: _Deployment, job: Job) -> None:
    """Nobody is paid for twice, the ledger brackets the truth, nothing stays held, and each row has its outcome."""
    charges = deployment.provider.charges
    assert max(charges.values()) <= 1, charges
    store = deployment.context(deployment.world.person).store
    totals = totals_of(store)
    assert totals.charged <= charges.total() <= totals.charged + totals.in_doubt
    with store.reading() as connection:
        rows = job_rows.page(connection, job.id, None, -1, 10**6)
        held = connection.scalar(sa.select(sa.func.count()).select_from(schema.claims))
        reserved = set(connection.scalars(sa.select(schema.counters.c.reserved)))
    assert (job.state, held, reserved) == (JobState.DONE, 0, {0})
    cells = [[*row, *[""] * 9] for row in deployment.grid()[1:]]
    for row, slug in zip(rows, SLUGS, strict=True):
        put = row.outcome in (Outcome.ENRICHED, Outcome.KNOWN)
        assert cells[row.position][2:6] == (expected(slug, FIELDS) if put else [""] * len(FIELDS)), (slug, row.outcome)


def test_the_lookups_of_a_killed_worker_go_on_within_a_minute_and_its_claims_are_doubts_soon() -> None:
    took_s, ends_s = [], []
    for seed in range(KILLS):
        deployment, job = simulate(seed, lambda _: kill)
        assert job.finished_at is not None
        took_s.append(deployment.went_on_after_s)
        ended_s = (job.finished_at - START).total_seconds() - deployment.met[0][0]
        assert ended_s <= chunks.LANDING.total_seconds() + 2 * MINUTE_S, "as long as its last write may take to land"
        ends_s.append(ended_s)
        in_doubt = totals_of(deployment.context(deployment.world.person).store).in_doubt
        assert in_doubt <= 2 * LOOKUPS_AT_ONCE
    assert quantiles(took_s, n=20)[-1] <= MINUTE_S, sorted(took_s)
    assert median(ends_s) <= chunks.LEASE.total_seconds() + TIMEOUT_S + SETTLES_S + MINUTE_S / 2, sorted(ends_s)


@pytest.mark.parametrize(("method", "waits"), [(WRITE, chunks.LANDING), ("getByDataFilter", chunks.LEASE)])
def test_a_tab_is_written_to_again_once_the_last_write_of_a_dead_worker_can_land_no_more(
    method: str, waits: timedelta
) -> None:
    deployment, _ = simulate(1, lambda _: kill, during=method)
    ((met_s, process),) = deployment.met
    writes = [
        at_s - met_s
        for at_s, thread, what in deployment.world.history
        if at_s > met_s and what == f"call {WRITE}" and not thread.startswith(f"{process.name}:")
    ]
    waits_s = waits.total_seconds()
    assert waits_s - 5 <= writes[0] <= waits_s + MINUTE_S
    assert deployment.went_on_after_s <= MINUTE_S, "nobody waits for that with the lookups"


def test_a_worker_that_stood_still_sends_nothing_once_another_one_has_its_chunk() -> None:
    def stall(deployment: _Deployment) -> Callable[[Process], None]:
        def happen(process: Process) -> None:
            process.frozen_until_s = deployment.world.now_s + STALL_S

        return happen

    taken_over = 0
    for seed in range(STALLS):
        deployment, _ = simulate(seed, stall)
        ((met_s, process),) = deployment.met
        asked = [(at_s, thread) for at_s, thread, what in deployment.world.history if what.startswith("call person-")]
        own = [at_s for at_s, thread in asked if thread.startswith(f"{process.name}:") and at_s > met_s]
        others = [at_s for at_s, thread in asked if not thread.startswith(f"{process.name}:")]
        if others:  # else the queue handed the chunk to the very worker that stands still
            taken_over += 1
            assert not own, (seed, own)
    assert taken_over >= STALLS // 4


@pytest.mark.parametrize("seed", range(STALLS))
def test_a_database_that_is_gone_for_longer_than_a_lease_costs_nothing(seed: int) -> None:
    def go(deployment: _Deployment) -> Callable[[Process], None]:
        def happen(_: Process) -> None:
            deployment.database_back_s = deployment.world.now_s + STALL_S

        return happen

    simulate(seed, go)
