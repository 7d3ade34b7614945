"""Thousands of histories of whole runs, each from one seed. `python -m benchmarks.simulation --histories 3000`.

Prints histories a minute and faults a history, and for each history that breaks a promise its seed, what it breaks, and
the least of it that still does (`tests/support/histories`). `--replay` takes a seed, or a scenario as it was printed,
and tells what happened. `--mutants` puts a bug in on purpose, one after the other, and says which seed finds it first.
Ends with 1 if something was found, or with `--mutants` if something was not.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import partial
from itertools import islice
from multiprocessing import get_context

from tests.support.histories.mutants import MUTANTS
from tests.support.histories.scenario import scenario_of
from tests.support.histories.shrinking import Outcome, many_histories, run, run_seed, scenario_in, shrink, text_of
from tests.support.histories.verdict import judged

WORKERS = 2
MUTANT_SEEDS = 500
AT_ONCE = 10
"""Histories that a process takes at once."""


def main() -> int:
    """Run histories, replay one, or look for the mutants."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--histories", type=int, default=3_000)
    options.add_argument("--seed", type=int, default=0, help="the first one")
    options.add_argument("--workers", type=int, default=WORKERS, help="processes beside each other")
    options.add_argument("--no-shrink", dest="shrink", action="store_false")
    options.add_argument("--replay", metavar="SEED", help="a seed, or a scenario as JSON")
    options.add_argument("--mutants", action="store_true")
    chosen = options.parse_args()
    logging.disable(logging.CRITICAL)  # what goes wrong in a history is meant to
    if chosen.replay:
        return replay(chosen.replay)
    if chosen.mutants:
        return find_mutants(chosen.seed, chosen.workers)
    began_s, found, outcomes = time.monotonic(), 0, list[Outcome]()
    for outcome in histories(range(chosen.seed, chosen.seed + chosen.histories), chosen.workers):
        outcomes.append(outcome)
        if outcome.broken:
            found += 1
            tell(outcome, is_shrunk=chosen.shrink)
    took_min = (time.monotonic() - began_s) / 60
    count = len(outcomes)
    faults, steps = (sum(values) / count for values in ([it.faults for it in outcomes], [it.steps for it in outcomes]))
    print(
        f"{count} histories from seed {chosen.seed} in {took_min:.1f} minutes with {chosen.workers} processes: "
        f"{count / took_min:.0f} a minute, {sum(it.cpu_s for it in outcomes) / count:.2f} s CPU each. "
        f"In one: {faults:.1f} faults, {steps:.0f} "
        f"steps, {sum(it.simulated_s for it in outcomes) / count / 3600:.1f} simulated hours. {found} broke a promise."
    )
    return 1 if found else 0


def histories(seeds: range, workers: int) -> Iterator[Outcome]:
    """Yield the outcomes, in the order of the seeds."""
    if workers == 1:
        with many_histories():
            yield from map(run_seed, seeds)
        return
    with ProcessPoolExecutor(workers, get_context("forkserver"), _prepare) as processes:
        yield from processes.map(run_seed, seeds, chunksize=AT_ONCE)


_AS_LONG_AS_IT_LIVES = ExitStack()


def _prepare() -> None:
    logging.disable(logging.CRITICAL)
    _AS_LONG_AS_IT_LIVES.enter_context(many_histories())


def tell(outcome: Outcome, *, is_shrunk: bool) -> None:
    """Print what was found, and the least that shows it."""
    print(f"Seed {outcome.seed}: {'; '.join(outcome.broken[:5])}", flush=True)
    if is_shrunk:
        least = shrink(scenario_of(outcome.seed))
        print(f"  {'; '.join(run(least).broken[:3])}\n  --replay '{text_of(least)}'", flush=True)


def replay(text: str) -> int:
    """Print one history, step by step."""
    scenario = scenario_in(text)
    print(text_of(scenario))
    history, broken = judged(scenario)
    for at_s, who, what in history.world.history:
        print(f"{at_s:12.3f}  {who}: {what}")
    for job in history.jobs:
        print(f"Job: {job.state}. {job.message or ''}")
    print("\n".join(broken) or "Every promise held.")
    return 1 if broken else 0


def find_mutants(first: int, workers: int) -> int:
    """Print for each mutant the first seed that finds it."""
    seeds = range(first, first + MUTANT_SEEDS)
    with ProcessPoolExecutor(workers, get_context("forkserver"), _prepare) as processes:
        found = dict(zip(MUTANTS, processes.map(partial(_first_to_find, seeds), MUTANTS), strict=True))
    for name, outcome in found.items():
        told = f"seed {outcome.seed}: {outcome.broken[0]}" if outcome else f"not within {MUTANT_SEEDS} seeds"
        print(f"{name}: {told}")
    return 0 if all(found.values()) else 1


def _first_to_find(seeds: range, mutant: str) -> Outcome | None:
    """The first history that goes wrong with the mutant, and not without it."""

    def finds() -> Iterator[Outcome]:
        for seed in seeds:
            with MUTANTS[mutant]():
                outcome = run_seed(seed)
            if set(outcome.broken) - set(run_seed(seed).broken if outcome.broken else ()):
                yield outcome

    return next(islice(finds(), 1), None)


if __name__ == "__main__":
    sys.exit(main())
