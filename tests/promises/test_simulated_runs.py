"""P1, P2 and P8 over simulated hours: processes die or freeze at any step, others take over, as the seed has it."""

from __future__ import annotations

import random
import time
from collections import Counter
from math import inf

import pytest
import sqlalchemy as sa

from functions.credits.pricing import EntryKind
from functions.jobs import new_job
from functions.jobs.request import JobRequest
from functions.outcomes import Outcome
from functions.store import job_rows, schema
from functions.store.job_states import JobState
from functions.store.jobs import Job
from tests.support.accounts import totals_of
from tests.support.desk import expected, url_of
from tests.support.simulated_run import FIELDS, Deployment, Fate
from tests.support.simulation import World

SEEDS = 30
SLUGS = [*(f"person-{number}" for number in range(17)), "nobody-1", "person-3"]
"""One is unknown, and one stands in two rows."""
WEEK_S = 7 * 86_400.0
PUT = (Outcome.ENRICHED, Outcome.KNOWN)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new_job, "CHUNK_ROWS", 7)


def fate(world: World) -> Fate:
    """Most die, some freeze, some do both; where in their work is a matter of chance."""
    step = world.random.randrange
    return Fate(
        dies_in=step(1, 400) if world.random.random() < 0.7 else inf,
        freezes_in=step(1, 400) if world.random.random() < 0.4 else inf,
    )


def simulate(seed: int) -> tuple[Deployment, Job]:
    """A run in which one or two processes die; everything about it is drawn from the seed."""
    random.seed(seed)  # the spreadsheet draws the ids of its anchors there
    world = World(seed)
    deployment = Deployment(world=world, in_cloud=bool(seed % 2))
    deployment.fill_sheet([["Id", "LinkedIn"], *[[str(number), url_of(slug)] for number, slug in enumerate(SLUGS)]])
    request = JobRequest(spreadsheet_id=deployment.workbook.id, range="Leads!B2:B", fields=FIELDS)
    job = deployment.run(deployment.start(request), [fate(world), fate(world), fate(world)], at_most_s=WEEK_S)
    world.close()
    return deployment, job


def assert_kept(deployment: Deployment, job: Job) -> None:
    """P1, P2 and P8 of a run that has ended, by the provider's own count and by what the sheet shows."""
    charges = deployment.provider.charges
    assert max(charges.values(), default=0) <= 1, charges
    store = deployment.context(deployment.world.person).store
    totals = totals_of(store)
    with store.reading() as connection:
        entries = connection.execute(sa.select(schema.ledger_entries)).all()
        rows = job_rows.page(connection, job.id, None, -1, 10**6)
        claimed = connection.scalar(sa.select(sa.func.count()).select_from(schema.claims))
        counters = connection.execute(sa.select(schema.counters)).all()
    assert (job.state, job.encrypted_token, claimed) == (JobState.DONE, None, 0)
    assert totals.charged <= charges.total() <= totals.charged + totals.in_doubt
    for slug in set(SLUGS):
        own = [entry for entry in entries if entry.key.endswith(f"/{slug}")]
        resolved = {entry.token for entry in own if entry.kind != EntryKind.IN_DOUBT}
        charged = sum(entry.kind == EntryKind.CHARGED for entry in own)
        in_doubt = sum(entry.kind == EntryKind.IN_DOUBT and entry.token not in resolved for entry in own)
        assert charged <= charges[slug] <= charged + in_doubt, slug
    assert all(counter.spent >= totals.charged + totals.in_doubt for counter in counters)
    assert {counter.reserved for counter in counters} == {0}
    assert [row.position for row in rows] == list(range(len(SLUGS)))
    cells = [[*row, *[""] * 9] for row in deployment.grid()[1:]]
    for row, slug in zip(rows, SLUGS, strict=True):
        values = expected(slug, FIELDS) if row.outcome in PUT else [""] * len(FIELDS)
        assert cells[row.position][:6] == [str(row.position), url_of(slug), *values], (slug, row.outcome)
    for slug in set(SLUGS):
        put = [row.outcome for row in rows if row.key == f"linkedin.com/in/{slug}" and row.outcome in PUT]
        assert put.count(Outcome.ENRICHED) == bool(put), (slug, "one row says that it was paid for, whoever paid")
    outcomes = Counter(row.outcome for row in rows if row.outcome is not None)
    assert outcomes.total() == job.rows == len(SLUGS)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_run_survives_the_deaths_of_its_processes(seed: int) -> None:
    began_s = time.monotonic()
    deployment, job = simulate(seed)
    took_s = time.monotonic() - began_s
    assert_kept(deployment, job)
    assert deployment.world.now_s > took_s, "simulated time is not waited for"


def test_the_same_seed_is_the_same_history() -> None:
    first, again = (simulate(7)[0].world for _ in range(2))
    assert first.history == again.history
    assert first.history != simulate(9)[0].world.history
