"""P1 to P3, P5, P8 and P9 while everything goes wrong at once, on real processes; longer in `benchmarks/chaos.py`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.chaos.scenario import World, chaos, world

pytestmark = pytest.mark.xdist_group("chaos")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """All of Leadfill as processes, over a database of its own."""
    with world(tmp_path_factory.mktemp("chaos")) as found:
        yield found


@pytest.mark.parametrize("seed", [1, 3], ids=["uncapped", "capped"])
def test_nothing_is_lost_paid_twice_stuck_or_left_over(place: World, seed: int) -> None:
    print(chaos(place, seed, rows=90, strikes=4))  # noqa: T201 - what it was, should it ever fail
