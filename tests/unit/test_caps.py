"""A credit counts against the run, the person's day and everybody's month; days and months are UTC's (P3)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from functions.credits.caps import Cap, Limits, Spender, caps

LIMITS = Limits(per_run=100, per_user_day=200, per_month=300)
NOW = datetime(2026, 11, 30, 23, 59, tzinfo=UTC)


@pytest.mark.parametrize(("ceiling", "limit"), [(40, 40), (100, 100), (1_000, 100), (0, 0)])
def test_a_run_may_reach_its_ceiling_or_the_deployments_cap_whichever_is_lower(ceiling: int, limit: int) -> None:
    spender = Spender(run_id="r1", user_id="u1", ceiling=ceiling)
    assert caps(spender, LIMITS, NOW) == (
        Cap("run:r1", limit),
        Cap("user:u1:2026-11-30", 200),
        Cap("month:2026-11", 300),
    )


def test_the_next_minute_is_another_day_and_month_of_the_same_run() -> None:
    spender = Spender(run_id="r1", user_id="u1", ceiling=40)
    later = datetime(2026, 12, 1, 0, 0, tzinfo=UTC)
    changed = [
        one != other for one, other in zip(caps(spender, LIMITS, NOW), caps(spender, LIMITS, later), strict=True)
    ]
    assert changed == [False, True, True]


def test_nobody_else_counts_against_a_persons_cap() -> None:
    one, other = (caps(Spender(run_id=name, user_id=name, ceiling=1), LIMITS, NOW) for name in ("a", "b"))
    assert {cap.name for cap in one} & {cap.name for cap in other} == {"month:2026-11"}
