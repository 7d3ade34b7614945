"""A chunk has at most a thousand rows, and as many lookups as the provider allows in a minute."""

from __future__ import annotations

from collections import Counter

from functions.jobs.chunking import numbered

ROWS = [f"person-{number}" for number in range(2_500)]


def sizes(keys: list[str], to_ask: set[str]) -> list[int]:
    """Return the rows of each chunk, in order."""
    numbers = list(numbered(keys, to_ask, max_rows=1_000, max_people=600))
    assert numbers == sorted(numbers)
    return list(Counter(numbers).values())


def test_known_rows_fill_a_chunk_to_its_last_row() -> None:
    assert sizes(ROWS, set()) == [500, 1_000, 1_000]


def test_people_to_be_asked_for_fill_it_sooner() -> None:
    assert sizes(ROWS, set(ROWS)) == [300, 600, 600, 600, 400]
    assert sizes(ROWS, set(ROWS[::2])) == [500, 1_000, 1_000]
    assert sizes(ROWS, set(ROWS[500:])) == [500, 600, 600, 600, 200]


def test_one_person_in_many_rows_is_one_lookup() -> None:
    assert sizes([ROWS[0]] * 700 + ROWS[:599], set(ROWS[:599])) == [500, 799]


def test_the_first_of_several_large_ones_is_half_as_large_so_that_those_side_by_side_do_not_end_together() -> None:
    assert sizes(ROWS[:1_000], set()) == [1_000], "alone it is whole"
    assert sizes(ROWS[:1_001], set()) == [500, 501]
    assert sizes(ROWS[:600], set(ROWS[:600])) == [600]
    small = list(numbered(ROWS[:250], set(ROWS), max_rows=1_000, max_people=100))
    assert list(Counter(small).values()) == [100, 100, 50], "small ones are soon over"
