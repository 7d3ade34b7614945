"""As many people are claimed ahead as keep every thread busy while the store is written, and no more."""

from __future__ import annotations

import pytest

from functions.enrichment.answer_times import REMEMBERED
from functions.enrichment.dispatcher import Dispatcher
from functions.enrichment.provider_lane import lane_of
from functions.providers.slintel import Slintel
from functions.runtime import REAL


@pytest.mark.parametrize(("answer_s", "capacity"), [(None, 8), (1.0, 8), (0.2, 8), (0.11, 9), (0.05, 12), (0.001, 12)])
def test_the_quicker_the_answers_the_more_are_claimed_ahead(answer_s: float | None, capacity: int) -> None:
    slintel = Slintel("http://127.0.0.1", "key", concurrency=4, timeout_s=1)
    dispatcher = Dispatcher(slintel, 4)
    for _ in range(REMEMBERED if answer_s is not None else 0):
        dispatcher.answer_times.add(answer_s or 0.0)
    lane = lane_of("slintel", dispatcher, REAL.event(), waits_for_limits=True)
    assert lane.capacity == capacity
    dispatcher.close()
