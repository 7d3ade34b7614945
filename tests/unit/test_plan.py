"""The plan counts every row once; lookups are its price, bounded by ceiling and caps (P4)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.credits.lead_status import LeadStatus
from functions.credits.plan import PlanPart, RowCounts, plan
from functions.outcomes import LeftOut
from functions.profiles import Profile, parse

A, B, C = (parse(f"linkedin.com/in/person-{name}") for name in "abc")


def counted(*found: Profile | str, filled: int = 0) -> RowCounts:
    """Rows with these findings; the first so many are filled."""
    row_counts = RowCounts()
    for number, each in enumerate(found):
        row_counts.count(each, filled=number < filled)
    return row_counts


def test_each_row_is_counted_once_and_each_person_is_asked_for_once() -> None:
    row_counts = counted(A, "empty", A, B, A, "empty", "too_long", C, filled=1)
    made = plan(row_counts, {B.key: LeadStatus.FOUND}, 100)
    assert (made.rows, made.unusable, made.already_filled, made.duplicates, made.known) == (8, 3, 1, 1, 1)
    assert (made.in_doubt, made.lookups, made.max_credits) == (0, 2, 2)
    assert made.unusable_reasons == {"empty": 2, "too_long": 1}
    assert list(row_counts.keys) == [A.key, B.key, C.key]


def test_a_row_is_left_out_only_where_it_is_neither_unusable_nor_filled_and_before_duplicates() -> None:
    row_counts = RowCounts()
    for left_out in (LeftOut.FILTERED, LeftOut.HIDDEN):
        row_counts.count("empty", left_out=left_out)
        row_counts.count(A, filled=True, left_out=left_out)
        row_counts.count(A, left_out=left_out)
    row_counts.count(A)
    made = plan(row_counts, {}, 100)
    assert (made.unusable, made.already_filled, made.left_out, made.duplicates, made.lookups) == (2, 2, 2, 0, 1)
    assert made.left_out_reasons == {"filtered": 1, "hidden": 1}


@pytest.mark.parametrize(
    ("credits_left", "ceiling", "most", "short"),
    [(100, None, 3, 0), (2, None, 2, 1), (100, 1, 1, 2), (0, 5, 0, 3), (100, 100, 3, 0)],
)
def test_the_price_is_the_number_of_lookups_within_ceiling_and_caps(
    credits_left: int, ceiling: int | None, most: int, short: int
) -> None:
    made = plan(counted(A, B, C), {}, credits_left, ceiling=ceiling)
    assert (made.lookups, made.max_credits, made.short_of, made.credits_left) == (3, most, short, credits_left)


def test_who_is_in_doubt_is_named_apart_and_asked_again_only_where_somebody_says_so() -> None:
    statuses = {A.key: LeadStatus.IN_DOUBT, B.key: LeadStatus.MISSING}
    plain = plan(counted(A, B, C), statuses, 100)
    assert (plain.in_doubt, plain.known, plain.lookups) == (1, 1, 1)
    again = plan(counted(A, B, C), statuses, 100, retry=frozenset({LeadStatus.IN_DOUBT}))
    assert (again.in_doubt, again.known, again.lookups) == (0, 1, 2)


@given(
    st.lists(
        st.tuples(st.sampled_from([A, B, C, "empty", "not_a_url"]), st.booleans(), st.none() | st.sampled_from(LeftOut))
    ),
    st.dictionaries(st.sampled_from([A.key, B.key, C.key, "somebody else"]), st.sampled_from(LeadStatus)),
    st.sets(st.sampled_from(LeadStatus)),
    st.integers(0, 5),
)
def test_the_counts_always_add_up(
    rows: list[tuple[Profile | str, bool, LeftOut | None]],
    statuses: dict[str, LeadStatus],
    retry: set[LeadStatus],
    left: int,
) -> None:
    row_counts = RowCounts()
    for found, filled, left_out in rows:
        row_counts.count(found, filled=filled, left_out=left_out)
    made = plan(row_counts, statuses, left, retry=frozenset(retry))
    assert sum(map(made.count, PlanPart)) == made.rows == len(rows)
    assert 0 <= made.max_credits <= min(made.lookups, left)
    assert made.max_credits + made.short_of == made.lookups
