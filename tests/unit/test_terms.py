"""A provider's terms are data: the documents show them, and a limit says when it ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from functions.credits.terms import EVERY_NEED, NO_NEEDS, ONLY_EMAIL, Limit, Need, Terms, WindowStart, label_of
from functions.providers.registry import REGISTRY

PAGE = Path(__file__).parents[2] / "docs" / "providers.md"
NOW = datetime(2026, 11, 24, 12, 30, 15, tzinfo=UTC)
WORDS = {
    timedelta(seconds=1): "1 second",
    timedelta(minutes=1): "1 minute",
    timedelta(hours=1): "1 hour",
    timedelta(days=1): "1 day",
}


@pytest.mark.parametrize(
    ("window", "starts", "expected"),
    [
        (timedelta(days=1), WindowStart.CLOCK, datetime(2026, 11, 25, tzinfo=UTC)),
        (timedelta(hours=1), WindowStart.CLOCK, datetime(2026, 11, 24, 13, tzinfo=UTC)),
        (timedelta(days=1), WindowStart.ROLLING, NOW + timedelta(days=1)),
        (timedelta(minutes=1), WindowStart.FIRST_REQUEST, NOW + timedelta(minutes=1)),
    ],
)
def test_a_window_by_the_clock_ends_exactly_and_others_at_the_latest(
    window: timedelta, starts: WindowStart, expected: datetime
) -> None:
    assert Limit(Decimal(1), window, starts).next_window(NOW) == expected


def test_midnight_belongs_to_the_new_day() -> None:
    day = Limit(Decimal(1), timedelta(days=1), WindowStart.CLOCK)
    midnight = datetime(2026, 11, 24, tzinfo=UTC)
    assert day.next_window(midnight) == midnight + timedelta(days=1)
    assert day.next_window(midnight - timedelta(microseconds=1)) == midnight


def test_a_provider_costs_nothing_for_what_it_is_not_asked_for() -> None:
    terms = Terms(price=Decimal(1), repeats_are_free=False, fills=ONLY_EMAIL, limits=())
    assert terms.max_price(EVERY_NEED) == terms.max_price(ONLY_EMAIL) == Decimal(1)
    assert terms.max_price(frozenset({Need.PERSON})) == terms.max_price(NO_NEEDS) == Decimal(0)


def test_the_table_of_terms_in_the_documents_is_what_the_adapters_say() -> None:
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    columns = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    rows = {cells[0]: cells[1:] for cells in columns[:20]}
    providers = list(REGISTRY)
    terms = [one.terms for one in REGISTRY.values()]
    assert rows["name"] == [f"`{name}`" for name in providers]
    assert rows["requests"] == [
        ", ".join(f"{limit.count} in {WORDS[limit.window]}" for limit in one.limits) for one in terms
    ]
    assert [cell.startswith("free") for cell in rows["the same person again"]] == [
        one.repeats_are_free for one in terms
    ]
    assert rows["a person who is found"] == [f"{one.price} credit" for one in terms]


@pytest.mark.parametrize("name", list(REGISTRY))
def test_the_limits_of_another_contract_replace_those_of_the_documented_plan(name: str) -> None:
    documented, day = REGISTRY[name].terms, timedelta(days=1)
    short = tuple(limit for limit in documented.limits if limit.window < day)
    long = tuple(limit for limit in documented.limits if limit.window == day)
    assert documented.limited_to(per_second=None, per_day=None) == documented
    faster = documented.limited_to(per_second=Decimal("16.5"), per_day=None)
    assert faster.limits == (Limit(Decimal("16.5"), timedelta(seconds=1), WindowStart.ROLLING), *long)
    longer = documented.limited_to(per_second=None, per_day=Decimal(7))
    assert longer.limits == (*short, Limit(Decimal(7), day, long[0].starts if long else WindowStart.ROLLING))
    assert (longer.price, longer.repeats_are_free) == (documented.price, documented.repeats_are_free)


def test_the_name_of_each_provider_makes_its_label() -> None:
    assert {label_of(name): name for name in REGISTRY} == {one.label: name for name, one in REGISTRY.items()}
    assert label_of("") == ""


def test_the_lookups_of_a_minute_are_those_of_the_tightest_short_limit() -> None:
    def per_minute(*limits: Limit) -> Decimal | None:
        return Terms(price=Decimal(1), repeats_are_free=False, fills=EVERY_NEED, limits=limits).per_minute

    second = Limit(Decimal(10), timedelta(seconds=1), WindowStart.CLOCK)
    minute = Limit(Decimal(100), timedelta(minutes=1), WindowStart.ROLLING)
    day = Limit(Decimal(5), timedelta(days=1), WindowStart.CLOCK)
    assert (per_minute(), per_minute(day)) == (None, None)
    assert (per_minute(second, day), per_minute(second, minute)) == (Decimal(600), Decimal(100))
