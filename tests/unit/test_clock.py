"""The shared clock counts on from the database's time, and asks again when it should."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from functions.errors import StoreError
from functions.runtime import Runtime
from functions.store import clock
from functions.store.clock import SharedClock

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


class World(Runtime):
    """A database whose clock is right and a machine whose clock is not."""

    def __init__(self) -> None:
        self.passed_s = self.counted_s = 0.0
        self.wrong = timedelta(minutes=-10)
        self.asked = 0
        self.up = True

    def ask(self) -> datetime:
        self.asked += 1
        if not self.up:
            raise StoreError
        return self.true_time()

    def true_time(self) -> datetime:
        return NOON + timedelta(seconds=self.passed_s)

    def now(self) -> datetime:
        return self.true_time() + self.wrong

    def monotonic(self) -> float:
        return self.counted_s

    def pass_time(self, seconds: float) -> None:
        self.passed_s += seconds
        self.counted_s += seconds


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def shared(world: World) -> SharedClock:
    return SharedClock(world.ask, world)


def test_it_asks_once_and_counts_on(world: World, shared: SharedClock) -> None:
    for _ in range(50):
        assert shared.now() == world.true_time()
        world.pass_time(1)
    assert world.asked == 1


def test_it_asks_again_after_a_minute(world: World, shared: SharedClock) -> None:
    shared.now()
    world.pass_time(clock.TRUSTED_S)
    assert shared.now() == world.true_time()
    assert world.asked == 2


def test_a_machine_that_was_suspended_asks_again(world: World, shared: SharedClock) -> None:
    shared.now()
    world.passed_s += 900  # the process counted none of it
    assert shared.now() == world.true_time()


def test_a_machine_whose_clock_was_set_asks_again_and_is_none_the_worse(world: World, shared: SharedClock) -> None:
    shared.now()
    world.wrong = timedelta(0)
    assert shared.now() == world.true_time()
    assert world.asked == 2


def test_while_the_database_is_away_it_counts_on(world: World, shared: SharedClock) -> None:
    shared.now()
    world.up = False
    world.pass_time(clock.TRUSTED_S + 1)
    assert shared.now() == world.true_time()


def test_without_any_answer_it_says_so(world: World, shared: SharedClock) -> None:
    world.up = False
    with pytest.raises(StoreError):
        shared.now()
    world.up = True
    shared.now()
    world.up = False
    world.passed_s += 900
    with pytest.raises(StoreError):
        shared.now()


def test_what_another_connection_has_told_counts_as_much_also_in_a_forked_child(
    world: World, shared: SharedClock
) -> None:
    shared.read(world.true_time)
    world.pass_time(clock.TRUSTED_S - 1)
    child = shared.forked()
    assert shared.now() == child.now() == world.true_time()
    assert world.asked == 0
    world.pass_time(1)
    assert child.now() == world.true_time()
    assert world.asked == 1
