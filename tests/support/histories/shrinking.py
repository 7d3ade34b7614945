"""Findings: what a seed breaks, and the least of its scenario that still breaks it."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import process_time

import msgspec

from tests.support.histories.scenario import Scenario, scenario_of
from tests.support.histories.verdict import judged

MAX_TRIES = 400
"""Scenarios that are tried to make one simpler."""
FULL_COLLECTION = (50_000, 20, 100)
"""Thresholds of the garbage collector: a history makes many small objects, and hardly any circle."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One history in short."""

    seed: int
    broken: tuple[str, ...]
    """A sentence for each promise that did not hold."""
    cpu_s: float
    faults: int
    steps: int
    simulated_s: float


@contextmanager
def many_histories() -> Iterator[None]:
    """Spares a process, while it runs many histories, to look through what it has imported again and again."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*FULL_COLLECTION)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def run(scenario: Scenario) -> Outcome:
    """Let one scenario happen; an error that ends the history is a finding, too."""
    began_s = process_time()
    try:
        history, broken = judged(scenario)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
        return Outcome(scenario.seed, (f"{type(error).__name__}: {error}",), process_time() - began_s, 0, 0, 0.0)
    return Outcome(
        scenario.seed,
        tuple(broken),
        process_time() - began_s,
        history.faults,
        len(history.world.history),
        history.world.now_s,
    )


def run_seed(seed: int) -> Outcome:
    """Let the scenario of a seed happen."""
    return run(scenario_of(seed))


def shrink(scenario: Scenario) -> Scenario:
    """Return the simplest scenario found that breaks the same promise."""
    kinds = _kinds(run(scenario))
    tries, is_simpler = 0, True
    while is_simpler:
        is_simpler = False
        for simpler in scenario.simpler():
            tries += 1
            if tries > MAX_TRIES:
                return scenario
            if _kinds(run(simpler)) & kinds:
                scenario, is_simpler = simpler, True
                break
    return scenario


def text_of(scenario: Scenario) -> str:
    """A scenario as JSON, without what is as usual."""
    usual = msgspec.to_builtins(Scenario(seed=-1, people=()))
    return msgspec.json.encode(
        {name: value for name, value in msgspec.to_builtins(scenario).items() if value != usual[name]}
    ).decode()


def scenario_in(text: str) -> Scenario:
    """The scenario of a seed, or the one that a text holds as JSON."""
    return scenario_of(int(text)) if text.lstrip("-").isdigit() else msgspec.json.decode(text, type=Scenario)


def _kinds(outcome: Outcome) -> set[str]:
    return {sentence.split(":", maxsplit=1)[0] for sentence in outcome.broken}
