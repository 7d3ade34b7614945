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
    assert sizes(ROWS, set()) == [1_000, 1_000, 500]


def test_people_to_be_asked_for_fill_it_sooner() -> None:
    assert sizes(ROWS, set(ROWS)) == [600, 600, 600, 600, 100]
    assert sizes(ROWS, set(ROWS[::2])) == [1_000, 1_000, 500]
    assert sizes(ROWS, set(ROWS[500:])) == [1_000, 600, 600, 300]


def test_one_person_in_many_rows_is_one_lookup() -> None:
    assert sizes([ROWS[0]] * 700 + ROWS[:599], set(ROWS)) == [1_000, 299]
