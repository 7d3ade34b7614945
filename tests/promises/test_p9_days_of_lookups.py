"""P9, P1, P2: a run of several days of a provider's limit needs no person, and pays for nobody twice.

As 25,000 rows and 10,000 lookups a day are, in small; `benchmarks/days.py` has them in full.
"""

from __future__ import annotations

import pytest

from functions.entrypoints import local_worker
from functions.jobs import new_job
from tests.support.days_of_lookups import DAY_S, run_for_days

ROWS, PER_DAY, CHUNK_ROWS = 100, 40, 20


@pytest.mark.parametrize("place", ["cloud", "machine"])
def test_a_run_of_two_and_a_half_days_takes_three_and_waits_twice(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new_job, "CHUNK_ROWS", CHUNK_ROWS)
    monkeypatch.setattr(local_worker, "POLL_S", 600.0)
    days = run_for_days(rows=ROWS, per_day=PER_DAY, in_cloud=place == "cloud")
    assert days.by_day == [PER_DAY, PER_DAY, ROWS - 2 * PER_DAY], "no day is wasted or exceeded"
    assert days.waits == 2
    assert 2 * DAY_S < days.took_s < 2 * DAY_S + 3_600
