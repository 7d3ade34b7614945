"""P12: the first flush comes soon, later ones when something is there, and none where the end is near anyway."""

from __future__ import annotations

from collections.abc import Callable

from functions.jobs.flush_pace import FIRST_ROWS, FIRST_S, SOON_S, FlushPace

LOOKS = [number / 10 for number in range(1, 1_000)]


def first_flush(rows: int, came: Callable[[float], int]) -> tuple[float, int] | None:
    """Return when the first flush is worth its calls, and of how many rows; None if the end delivers all."""
    pace = FlushPace(rows, 0.0)
    for now_s in LOOKS:
        if came(now_s) >= rows:
            return None
        if pace.is_worthwhile(0, came(now_s), now_s):
            return now_s, came(now_s)
    raise AssertionError("neither")


def test_ten_rows_are_enough_for_the_first_flush() -> None:
    found = first_flush(1_000, lambda now_s: int(16 * now_s))
    assert found is not None
    assert FIRST_ROWS <= found[1] <= FIRST_ROWS + 2


def test_a_slow_provider_shows_its_first_rows_after_two_seconds() -> None:
    assert first_flush(1_000, lambda now_s: int(1.1 * now_s)) == (FIRST_S, 2)


def test_what_comes_at_once_is_delivered_at_the_end() -> None:
    assert first_flush(1_000, lambda now_s: int(1_000 * now_s)) is None


def test_known_rows_do_not_wait_for_those_that_are_looked_up() -> None:
    found = first_flush(1_000, lambda now_s: 700 + int(10 * now_s))
    assert found is not None
    assert found[0] <= 1.0


def test_nothing_is_flushed_where_nothing_came() -> None:
    pace = FlushPace(1_000, 0.0)
    assert not any(pace.is_worthwhile(400, 0, now_s) for now_s in LOOKS)


def test_a_later_flush_needs_no_ten_rows() -> None:
    pace = FlushPace(1_000, 0.0)
    assert pace.is_worthwhile(400, 1, 60.0)


def test_the_end_of_a_chunk_is_not_cut_in_two() -> None:
    pace, per_s = FlushPace(1_000, 0.0), 20
    worth = [now_s for now_s in LOOKS if now_s < 50 and pace.is_worthwhile(int(per_s * now_s) - 5, 5, now_s)]
    assert worth
    assert 1_000 / per_s - max(worth) >= SOON_S - 0.1
