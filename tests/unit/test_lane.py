"""Proves that costly custom fields of a process have one lane, in short pieces, and that few answers wait for it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import pytest

from functions.enrichment.lane import FREE_PIECES, MAX_WAITING, PAUSE_S, Lane, NoTurn, Turn
from functions.fields import Budget, Facts, project, select
from functions.fields.expressions import MAX_STEPS, PIECE_STEPS
from functions.outcomes import Outcome
from functions.runtime import Runtime
from tests.support.costly_expressions import COSTLY
from tests.support.documented_lead import LEAD
from tests.support.waiting import wait_until


@dataclass
class Slept(Runtime):
    """A runtime whose sleeps are counted, and over at once."""

    pauses: list[float] = field(default_factory=list)
    now_s: float = 0.0

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now_s += seconds

    def monotonic(self) -> float:
        return self.now_s


def calculate(turn: Turn, expression: str, leads: int = 1) -> None:
    fields = select([f"X={expression}"])
    budget = Budget(leads, turn)
    for _ in range(leads):
        project(LEAD, Facts(Outcome.KNOWN), fields, budget=budget)


def test_what_is_cheap_takes_no_lane_and_no_pause() -> None:
    runtime = Slept()
    lane = Lane(runtime)
    assert lane.take()
    with Turn(lane) as turn:
        calculate(turn, "skills[0]", leads=100)
    assert runtime.pauses == []


def test_what_is_costly_pauses_after_each_piece_and_leaves_the_lane() -> None:
    runtime = Slept()
    lane = Lane(runtime)
    for _ in range(2):  # the lane is free again
        runtime.pauses.clear()
        with Turn(lane) as turn:
            calculate(turn, COSTLY["filters"])
        assert runtime.pauses == [PAUSE_S] * (MAX_STEPS // PIECE_STEPS - FREE_PIECES)


def test_small_fields_of_many_rows_are_as_costly_as_one_large_field() -> None:
    runtime = Slept()
    with Turn(Lane(runtime)) as turn:
        calculate(turn, "experience[?title_name=='x'].title_name", leads=1_000)
    assert runtime.pauses


def test_who_gets_no_turn_is_told_to_come_again_and_does_not_wait_twice() -> None:
    runtime = Slept()
    lane = Lane(runtime)
    assert lane.take()
    with Turn(lane) as turn:
        with pytest.raises(NoTurn):
            calculate(turn, COSTLY["filters"])
        waited = len(runtime.pauses)
        assert waited > 0
        with pytest.raises(NoTurn):
            calculate(turn, COSTLY["map"])
        assert len(runtime.pauses) == waited
    lane.leave()
    assert lane.take(), "who never was in the lane has not left it"


def test_few_wait_for_the_lane() -> None:
    lane = Lane()
    assert lane.take()
    waiting = [threading.Thread(target=lane.take) for _ in range(MAX_WAITING)]
    for thread in waiting:
        thread.start()
    wait_until(lambda: lane.waiting == MAX_WAITING)
    assert not lane.take(), "and it comes back at once"
    for _ in waiting:
        lane.leave()
        wait_until(lambda: lane.is_taken)
    for thread in waiting:
        thread.join()
    assert lane.waiting == 0
