"""A credit counts against the run, the person's day and everybody's month; days and months are UTC's (P3)."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from functions.credits.caps import Allowance, Cap, CapUse, Limits, ProviderLimits, Spender, cap_sentence, caps
from tests.support.enrichers import allowed, limits

LIMITS = limits(per_run=100, per_user_day=200, per_month=300)
NOW = datetime(2026, 11, 30, 23, 59, tzinfo=UTC)


def spends(ceiling: int, name: str = "1", provider: str = "slintel") -> Spender:
    return Spender(run_id=f"r{name}", user_id=f"u{name}", ceilings=allowed(ceiling, provider))


@pytest.mark.parametrize(("ceiling", "limit"), [(40, 40), (100, 100), (1_000, 100), (0, 0)])
def test_a_run_may_reach_its_ceiling_or_the_deployments_cap_whichever_is_lower(ceiling: int, limit: int) -> None:
    assert caps(spends(ceiling), LIMITS, "slintel", NOW) == (
        Cap("run:slintel:r1", Decimal(limit)),
        Cap("user:slintel:u1:2026-11-30", Decimal(200)),
        Cap("month:slintel:2026-11", Decimal(300)),
    )


def test_a_provider_that_the_person_did_not_name_may_spend_nothing() -> None:
    assert caps(spends(40), LIMITS, "prospeo", NOW)[0] == Cap("run:prospeo:r1", Decimal(0))


def test_the_next_minute_is_another_day_and_month_of_the_same_run() -> None:
    later = datetime(2026, 12, 1, 0, 0, tzinfo=UTC)
    before, after = (caps(spends(40), LIMITS, "slintel", at) for at in (NOW, later))
    assert [one != other for one, other in zip(before, after, strict=True)] == [False, True, True]


@pytest.mark.parametrize(
    ("kind", "used", "sentence"),
    [
        (
            0,
            "0",
            "One run may cost 100 credits of Slintel at most. Whoever runs Leadfill can raise that (CREDITS_PER_RUN).",
        ),
        (
            1,
            "199.50",
            (
                "You may spend 200 credits of Slintel a day; 199.5 are used today. More can be spent from 1 December, "
                "00:00 UTC, on; whoever runs Leadfill can raise the limit before (CREDITS_PER_USER_DAY)."
            ),
        ),
        (
            2,
            "300",
            (
                "All of you together may spend 300 credits of Slintel a month; 300 are used in November. More can be "
                "spent from 1 December, 00:00 UTC, on; whoever runs Leadfill can raise the limit "
                "before (CREDITS_PER_MONTH)."
            ),
        ),
    ],
)
def test_a_cap_says_whose_it_is_how_far_it_is_used_and_when_its_credits_come_back(
    kind: int, used: str, sentence: str
) -> None:
    cap = caps(spends(1_000), LIMITS, "slintel", NOW)[kind]
    assert cap_sentence(CapUse(cap, Decimal(used)), NOW) == sentence


def test_a_run_that_meets_a_cap_says_so_to_everybody_who_sees_it() -> None:
    reached = [CapUse(cap, cap.limit) for cap in caps(spends(40), LIMITS, "slintel", NOW)]
    run, day, _ = (cap_sentence(use, NOW, in_run=True) for use in reached)
    assert run.endswith(
        "40 credits of Slintel that it was allowed. A new run or a retry can have more, as far as your limits allow."
    )
    assert day.startswith("Whoever started this may spend 200 credits of Slintel a day; 200 are used today. More can")


def test_credits_of_december_come_back_in_january() -> None:
    cap = caps(spends(1), LIMITS, "slintel", NOW.replace(month=12, day=31))[2]
    assert "from 1 January, 00:00 UTC" in cap_sentence(CapUse(cap, Decimal(0)), NOW.replace(month=12, day=31))


def test_nobody_else_counts_against_a_persons_cap() -> None:
    one, other = (caps(spends(1, name), LIMITS, "slintel", NOW) for name in ("a", "b"))
    assert {cap.name for cap in one} & {cap.name for cap in other} == {"month:slintel:2026-11"}


def test_providers_share_no_counter() -> None:
    one, other = (caps(spends(1), LIMITS, provider, NOW) for provider in ("slintel", "prospeo"))
    assert not {cap.name for cap in one} & {cap.name for cap in other}


def test_a_provider_that_is_not_named_in_a_setting_keeps_the_default() -> None:
    one = Allowance(Decimal(5000), {"prospeo": Decimal("0.5")})
    of = Limits(per_run=one, per_user_day=Allowance(Decimal(7)), per_month=Allowance(Decimal(9)))
    assert of.of("prospeo") == ProviderLimits(per_run=Decimal("0.5"), per_user_day=Decimal(7), per_month=Decimal(9))
    assert of.of("slintel").per_run == 5000


def test_each_cap_of_a_provider_is_the_one_that_is_named_for_it() -> None:
    run, day, month = (Allowance(Decimal(5000), {"prospeo": Decimal(amount)}) for amount in (1, 2, 3))
    named = Limits(per_run=run, per_user_day=day, per_month=month)
    assert [cap.limit for cap in caps(spends(40, provider="prospeo"), named, "prospeo", NOW)] == [1, 2, 3]
    assert [cap.limit for cap in caps(spends(40), named, "slintel", NOW)] == [40, 5000, 5000]
