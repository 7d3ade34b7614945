"""P1, P2: answers that come after a formula's response are settled; if the process dies first, they are in doubt."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from functions import formula
from functions.auth.identity_tokens import FormulaToken
from functions.context import AppContext
from functions.credits.terms import EVERY_NEED, Needs
from functions.enrichment.answer_times import FEWEST
from functions.formula import FormulaValues
from functions.jobs.sweep import sweep
from functions.profiles import Profile
from functions.providers.contract import Answer
from functions.store import ledger
from tests.support.calm_provider import CalmProvider
from tests.support.desk import url_of
from tests.support.enrichers import allowed
from tests.support.simulated_run import CALLER, LOOKUPS_AT_ONCE, Deployment, SimulatedSlintel
from tests.support.simulation import START, Process, World

PEOPLE = [url_of(f"late-{number}") for number in range(3 * LOOKUPS_AT_ONCE)]
TOKEN = FormulaToken("1", "sheet", CALLER, START, START + timedelta(days=14))
ANSWERED_AFTER_S = 24.0
"""Longer than a formula is answered in, shorter than the provider's time-out."""
LATE_S = 30.0
CLAIMS_OVER_S = 600.0


class Slow(SimulatedSlintel):
    """A way to a provider that charges at once, and answers late."""

    takes_s = ANSWERED_AFTER_S

    def look_up(self, profile: Profile, needs: Needs = EVERY_NEED) -> Answer:  # noqa: ARG002 - it always gives all
        slug = profile.key.rpartition("/")[2]
        return Answer(
            self._process.call_outside(
                lambda: self._provider.serve(slug), slug, there_s=0.1, back_s=self.takes_s, patience_s=35.0
            )
        )


class Formulas:
    """A world with a provider that is slow, and formulas that ask it."""

    def __init__(self) -> None:
        self.world = World(3)
        self.deployment = Deployment(world=self.world, in_cloud=False, make_provider=CalmProvider, make_slintel=Slow)

    def ask(
        self, process: Process, *, within_s: float = 24.0, context: AppContext | None = None
    ) -> tuple[FormulaValues, float]:
        """One formula over all people; how long it took."""
        parts, began_s = context or self.deployment.context(process), self.world.now_s
        answers: list[FormulaValues] = []

        def ask() -> None:
            answers.append(
                formula.answer(
                    parts,
                    TOKEN,
                    [[url] for url in PEOPLE],
                    ("email",),
                    "",
                    credits_per_day=allowed(1_000),
                    new_people_per_day=1_000,
                    deadline=process.now() + timedelta(seconds=within_s),
                )
            )

        process.spawn(ask, name="request").join()
        return answers[0], self.world.now_s - began_s

    def accounts(self) -> tuple[int, int, int]:
        """Return what the provider has charged, and the ledger's credits: charged, in doubt."""
        with self.deployment.context(self.world.person).store.reading() as connection:
            totals = ledger.totals(connection).get("slintel", ledger.Totals())
        return self.deployment.provider.charges.total(), int(totals.charged), int(totals.in_doubt)


@pytest.fixture
def formulas() -> Iterator[Formulas]:
    made = Formulas()
    yield made
    made.world.close()


def test_what_comes_after_the_answer_is_settled_and_free_the_next_time(formulas: Formulas) -> None:
    process = Process(formulas.world, "instance")
    answer, took_s = formulas.ask(process)
    assert (answer.pending, answer.values) == (len(PEOPLE), [[None]] * len(PEOPLE))
    assert took_s == pytest.approx(formula.ANSWER_WITHIN_S, abs=0.5)
    assert formulas.accounts() == (LOOKUPS_AT_ONCE, 0, 0), "those in flight at the time"
    formulas.world.person.sleep(LATE_S)
    assert formulas.accounts() == (LOOKUPS_AT_ONCE, LOOKUPS_AT_ONCE, 0), "and nobody else was asked for"
    for times in (2, 3):
        again, _ = formulas.ask(process)
        assert again.pending == len(PEOPLE) - (times - 1) * LOOKUPS_AT_ONCE
        formulas.world.person.sleep(LATE_S)
    answer, took_s = formulas.ask(process)
    assert (answer.pending, took_s < 1) == (0, True)
    assert formulas.accounts() == (len(PEOPLE), len(PEOPLE), 0)


def test_what_an_instance_had_in_flight_when_it_died_is_in_doubt_and_nobody_pays_for_it_again(
    formulas: Formulas,
) -> None:
    process = Process(formulas.world, "instance")
    formulas.ask(process)
    process.dead = True
    formulas.world.person.sleep(CLAIMS_OVER_S)
    sweep(formulas.deployment.context(formulas.world.person))
    assert formulas.accounts() == (LOOKUPS_AT_ONCE, 0, LOOKUPS_AT_ONCE)
    other = Process(formulas.world, "its successor")
    answer, _ = formulas.ask(other)
    formulas.world.person.sleep(LATE_S)
    assert formulas.accounts() == (2 * LOOKUPS_AT_ONCE, LOOKUPS_AT_ONCE, LOOKUPS_AT_ONCE)
    doubtful = [str(row[0]) for row in answer.values if row[0] is not None]
    assert len(doubtful) == LOOKUPS_AT_ONCE
    assert all("may have been charged" in cell for cell in doubtful)


@pytest.mark.parametrize(
    ("within_s", "takes_s", "asked"),
    [(-5.0, 0, 0), (1.5, 1.5, LOOKUPS_AT_ONCE), (900.0, 18, LOOKUPS_AT_ONCE)],
)
def test_a_formula_is_answered_when_it_says_and_one_that_has_gone_asks_nobody(
    formulas: Formulas, within_s: float, takes_s: float, asked: int
) -> None:
    process = Process(formulas.world, "instance")
    answer, took_s = formulas.ask(process, within_s=within_s)
    assert answer.pending == len(PEOPLE)
    assert took_s == pytest.approx(takes_s, abs=0.5)
    formulas.world.person.sleep(LATE_S)
    assert formulas.accounts() == (asked, asked, 0)


@pytest.mark.parametrize(("usual_s", "asked"), [(1.0, 3), (10.0, 2), (ANSWERED_AFTER_S, 1)])
def test_lookups_are_sent_until_their_usual_answer_would_be_late_and_for_a_moment_in_any_case(
    formulas: Formulas, monkeypatch: pytest.MonkeyPatch, usual_s: float, asked: int
) -> None:
    monkeypatch.setattr(Slow, "takes_s", 5.0)  # so that each thread asks again after five seconds
    process = Process(formulas.world, "instance")
    context = formulas.deployment.context(process)
    for _ in range(FEWEST * 2):
        context.make_enricher().dispatchers["slintel"].answer_times.add(usual_s)
    formulas.ask(process, context=context)
    formulas.world.person.sleep(LATE_S)
    assert formulas.accounts() == (asked * LOOKUPS_AT_ONCE, asked * LOOKUPS_AT_ONCE, 0)
