"""The plan counts every row once; lookups are its price with each provider, bounded by ceiling and caps (P4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.credits import plan as plans
from functions.credits.plan import Budget, Cost, Plan, PlanPart, RowCounts, plan
from functions.outcomes import LeftOut
from functions.profiles import Profile, parse

A, B, C = (parse(f"linkedin.com/in/person-{name}") for name in "abc")
ONE, OTHER = "slintel", "prospeo"
PLENTY = Decimal(1000)
AMOUNTS = st.decimals(0, 6, places=2)


def counted(*found: Profile | str, filled: int = 0) -> RowCounts:
    """Rows with these findings; the first so many are filled."""
    row_counts = RowCounts()
    for number, each in enumerate(found):
        row_counts.count(each, filled=number < filled)
    return row_counts


def budget(price: str = "1", left: Decimal = PLENTY) -> Budget:
    return Budget(price=Decimal(price), credits_left=left)


def of_all(row_counts: RowCounts, left: Decimal, ceiling: Decimal | None = None) -> Plan:
    """One provider, which has to be asked for everybody."""
    ceilings = None if ceiling is None else {ONE: ceiling}
    return plan(row_counts, dict.fromkeys(row_counts.keys, (ONE,)), [], {ONE: budget(left=left)}, ceilings=ceilings)


def test_each_row_is_counted_once_and_each_person_is_asked_for_once() -> None:
    row_counts = counted(A, "empty", A, B, A, "empty", "too_long", C, filled=1)
    made = plan(row_counts, {A.key: [ONE], C.key: [ONE]}, [], {ONE: budget()})
    assert (made.rows, made.unusable, made.already_filled, made.duplicates, made.known) == (8, 3, 1, 1, 1)
    assert (made.in_doubt, made.lookups, made.ceilings) == (0, 2, {ONE: Decimal(2)})
    assert made.unusable_reasons == {"empty": 2, "too_long": 1}
    assert list(row_counts.keys) == [A.key, B.key, C.key]


def test_a_plan_takes_as_long_as_its_slowest_provider_for_the_lookups_that_are_paid_for() -> None:
    row_counts = counted(A, B, C)
    slow = replace(budget(left=Decimal(2)), time_of=lambda lookups: timedelta(minutes=lookups))
    fast = replace(budget(), time_of=lambda lookups: timedelta(seconds=lookups))
    made = plan(row_counts, dict.fromkeys(row_counts.keys, (ONE, OTHER)), [], {ONE: slow, OTHER: fast})
    assert [cost.takes for cost in made.costs] == [timedelta(minutes=2), timedelta(seconds=3)]
    assert made.takes == timedelta(minutes=2)
    assert plan(row_counts, {}, [], {}).takes == timedelta(0)


def test_a_row_is_left_out_only_where_it_is_neither_unusable_nor_filled_and_before_duplicates() -> None:
    row_counts = RowCounts()
    for left_out in (LeftOut.FILTERED, LeftOut.HIDDEN):
        row_counts.count("empty", left_out=left_out)
        row_counts.count(A, filled=True, left_out=left_out)
        row_counts.count(A, left_out=left_out)
    row_counts.count(B, left_out=LeftOut.HIDDEN)
    row_counts.count(A)
    made = of_all(row_counts, PLENTY)
    assert (made.unusable, made.already_filled, made.left_out, made.duplicates, made.lookups) == (2, 2, 3, 0, 1)
    assert made.left_out_reasons == {"filtered": 1, "hidden": 2}


@pytest.mark.parametrize(
    ("left", "ceiling", "most", "short"),
    [
        ("100", None, 3, 0),
        ("2", None, 2, 1),
        ("100", "1", 1, 2),
        ("2", "3", 2, 1),
        ("0", None, 0, 3),
        ("2.9", None, 2, 1),
    ],
)
def test_the_price_is_the_number_of_lookups_within_ceiling_and_caps(
    left: str, ceiling: str | None, most: int, short: int
) -> None:
    made = of_all(counted(A, B, C), Decimal(left), None if ceiling is None else Decimal(ceiling))
    paid = Decimal(most)
    assert made.costs == (Cost(provider=ONE, lookups=3, max_credits=paid, credits_left=Decimal(left), short_of=short),)
    assert (made.ceilings, made.is_free) == ({ONE: paid}, most == 0)


def test_each_provider_has_a_bound_of_its_own_at_its_own_price() -> None:
    """All three may have to be asked of the second one too, should the first one leave their needs open."""
    asked = {A.key: [ONE, OTHER], B.key: [ONE, OTHER], C.key: [OTHER]}
    made = plan(counted(A, B, C), asked, [], {ONE: budget(), OTHER: budget("0.75", Decimal(2))})
    assert made.ceilings == {ONE: Decimal(2), OTHER: Decimal("1.5")}
    assert [(cost.lookups, cost.short_of) for cost in made.costs] == [(2, 0), (3, 1)]
    assert (made.lookups, made.known) == (3, 0)


def test_only_rows_that_can_get_values_are_fillable() -> None:
    """A lead that is known, or a lookup that is paid for; a miss that is known brings nothing, and its rows neither."""
    rows = counted(A, B, B, C, "empty", A, filled=1)
    asked = {A.key: [ONE], C.key: [ONE]}
    made = plan(rows, asked, [], {ONE: budget(left=Decimal(1))}, with_leads={B.key})
    assert (made.known, made.lookups, made.costs[0].short_of, made.fillable) == (1, 2, 1, 3)
    assert plan(rows, asked, [], {ONE: budget(left=Decimal(0))}).fillable == 0
    assert plan(rows, asked, [], {ONE: budget()}).fillable == 2, "without a lead of the two rows in between"
    assert plan(counted(A, A), {A.key: [ONE]}, [], {ONE: budget()}).fillable == 2, "both rows of one person"


def test_a_row_whose_first_provider_is_not_paid_for_is_fillable_by_the_second_one() -> None:
    asked = {A.key: [ONE, OTHER], B.key: [ONE, OTHER], C.key: [ONE]}
    made = plan(counted(A, B, C), asked, [], {ONE: budget(left=Decimal(1)), OTHER: budget()})
    assert (made.lookups, made.fillable) == (3, 2)


def test_a_cap_is_said_where_it_is_why_and_not_where_the_ceiling_is() -> None:
    capped = Budget(price=Decimal(1), credits_left=Decimal(2), cap_sentence="Two a day.")
    asked = dict.fromkeys((A.key, B.key, C.key), (ONE,))

    def said(*found: Profile, ceiling: int | None = None) -> str:
        ceilings = None if ceiling is None else {ONE: Decimal(ceiling)}
        return plan(counted(*found), asked, [], {ONE: capped}, ceilings=ceilings).costs[0].cap_sentence

    assert said(A, B) == ""
    assert said(A, B, C) == "Two a day."
    assert said(A, B, C, ceiling=1) == ""
    assert said(A, B, C, ceiling=5) == "Two a day."


def test_the_first_unusable_rows_of_each_reason_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "MAX_LISTED", 2)
    rows = RowCounts()
    cells: list[Profile | str] = ["empty", "too_long", A, "empty", "empty"]
    for number, found in enumerate(cells, 2):
        rows.count(found, number=number)
    made = plan(rows, {}, [], {})
    assert (made.unusable_reasons, made.unusable_rows) == (
        {"empty": 3, "too_long": 1},
        {"empty": [2, 5], "too_long": [3]},
    )
    assert plan(counted("empty"), {}, [], {}).unusable_rows == {}


def test_cells_that_hold_something_are_counted_where_a_row_would_be_written() -> None:
    rows = RowCounts()
    rows.count(A, held=(0, 2))
    rows.count("empty", held=(0,))
    rows.count(B, held=(0,), left_out=LeftOut.HIDDEN)
    rows.count(A, held=(2,))
    assert plan(rows, {}, [], {}, fields=3).held == (1, 0, 2)


def test_a_provider_that_the_person_did_not_name_may_spend_nothing() -> None:
    asked = {A.key: [ONE, OTHER]}
    made = plan(counted(A), asked, [], {ONE: budget(), OTHER: budget()}, ceilings={OTHER: Decimal(5)})
    assert made.ceilings == {ONE: 0, OTHER: 1}


def test_who_has_to_be_asked_of_nobody_is_known_or_in_doubt() -> None:
    strangers = ["somebody else", "one more"]
    made = plan(counted(A, B, C), {C.key: [ONE], A.key: []}, [B.key, C.key, *strangers], {ONE: budget()})
    assert (made.in_doubt, made.known, made.lookups) == (1, 1, 1)


@given(
    st.lists(st.tuples(st.sampled_from([A, B, C, "empty", "not_a_url"]), st.booleans())),
    st.dictionaries(st.sampled_from([A.key, B.key, C.key, "somebody else"]), st.sets(st.sampled_from([ONE, OTHER]))),
    st.sets(st.sampled_from([A.key, B.key, C.key, "somebody else"])),
    st.fixed_dictionaries({ONE: st.tuples(AMOUNTS, AMOUNTS), OTHER: st.tuples(AMOUNTS, AMOUNTS)}),
    st.none() | st.dictionaries(st.sampled_from([ONE, OTHER]), AMOUNTS),
)
def test_the_counts_always_add_up_and_no_bound_is_passed(
    rows: list[tuple[Profile | str, bool]],
    asked: dict[str, set[str]],
    doubts: set[str],
    budgets: dict[str, tuple[Decimal, Decimal]],
    ceilings: dict[str, Decimal] | None,
) -> None:
    row_counts = RowCounts()
    for found, filled in rows:
        row_counts.count(found, filled=filled)
    of = {name: Budget(price=price, credits_left=left) for name, (price, left) in budgets.items()}
    made = plan(row_counts, asked, doubts, of, ceilings=ceilings)
    assert sum(map(made.count, PlanPart)) == made.rows == len(rows)
    assert 0 <= made.fillable <= made.lookups + made.duplicates
    for cost in made.costs:
        price, left = budgets[cost.provider]
        assert cost.max_credits == price * (cost.lookups - cost.short_of)
        assert cost.max_credits <= left
        assert ceilings is None or cost.max_credits <= ceilings.get(cost.provider, 0)
        bound = left if ceilings is None else min(left, ceilings.get(cost.provider, Decimal(0)))
        assert not cost.short_of or cost.max_credits + price > bound, "as many as are paid for"
