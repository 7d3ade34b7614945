"""P1 to P9 over histories of whole runs from seeds, and over all that ever broke a promise."""

from __future__ import annotations

import json
import logging
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support.histories import shrinking
from tests.support.histories.scenario import Scenario, scenario_of

CORPUS = json.loads((Path(__file__).parent / "histories_found.json").read_text())
"""Scenarios that broke a promise once, with what was wrong; add what `benchmarks.simulation` prints."""
SEEDS, A_TEST = 300, 50
ROOT = Path(__file__).parents[2]


@cache
def first_seed() -> int:
    """A number that follows from the files of the commit, so each commit has histories of its own; 0 without git."""
    told = subprocess.run(["git", "rev-parse", "HEAD^{tree}"], cwd=ROOT, capture_output=True, text=True, check=False)
    return int(told.stdout[:6], 16) if told.returncode == 0 else 0


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)  # what goes wrong in a history is meant to
    with shrinking.many_histories():
        yield
    logging.disable(logging.NOTSET)


def failures(scenarios: list[Scenario]) -> list[str]:
    """What was broken, each with the command that replays it."""
    found = []
    for scenario in scenarios:
        if broken := shrinking.run(scenario).broken:
            command = f"python -m benchmarks.simulation --replay '{shrinking.text_of(scenario)}'"
            found.append(f"{'; '.join(broken[:5])}\n{command}")
    return found


@pytest.mark.parametrize("part", range(SEEDS // A_TEST))
def test_every_promise_holds_whatever_goes_wrong_on_the_way(part: int) -> None:
    first = first_seed() + part * A_TEST
    found = failures([scenario_of(seed) for seed in range(first, first + A_TEST)])
    assert not found, "\n".join(found)


@pytest.mark.parametrize("found", CORPUS, ids=lambda found: found["was"])
def test_what_was_found_once_stays_mended(found: dict[str, object]) -> None:
    again = failures([shrinking.scenario_in(json.dumps(found["scenario"]))])
    assert not again, "\n".join(again)


def test_a_seed_has_one_history() -> None:
    first, again = (shrinking.run(scenario_of(7)) for _ in range(2))
    assert (first.steps, first.faults, first.simulated_s) == (again.steps, again.faults, again.simulated_s)
    assert first.steps > 100
