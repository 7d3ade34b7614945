"""The waterfall decides which provider is asked next, and how a row ends over several providers, case by case."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.credits.lead_status import BARRED, DOUBTFUL, LeadStatus, outcome_of_known
from functions.credits.lookup_result import Found, LookupResult, Missing, NoAnswer, Throttled, Unavailable
from functions.credits.terms import EVERY_NEED, NO_NEEDS, ONLY_EMAIL, Need, Needs
from functions.enrichment.waterfall import Rung, Step, ending, next_step, open_needs
from functions.errors import CapReached, KeyRejected, LeadfillError
from functions.outcomes import NOT_REACHED, Outcome
from functions.store.leads import EVERY_PROVIDER, Standing

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ONLY_PERSON: Needs = frozenset({Need.PERSON})
FOUND = Found({}, b"{}")


def standing(status: LeadStatus, fills: Needs = NO_NEEDS, under: Needs = NO_NEEDS) -> Standing:
    return Standing(status, NOW, fills, under)


WHOLE = standing(LeadStatus.FOUND, EVERY_NEED)
NO_EMAIL = standing(LeadStatus.FOUND, ONLY_PERSON)
MISSING = standing(LeadStatus.MISSING)
NO_VERIFIED_EMAIL = standing(LeadStatus.MISSING, under=ONLY_EMAIL)
IN_DOUBT = standing(LeadStatus.IN_DOUBT)
REFUSED = standing(LeadStatus.REFUSED)
OTHER = standing(LeadStatus.OTHER_PERSON)
UNREADABLE = standing(LeadStatus.UNREADABLE)


def rungs(**changes: Any) -> dict[str, Rung]:  # noqa: ANN401 - attributes of the first rung
    return {
        "slintel": Rung(name="slintel", fills=EVERY_NEED, **changes),
        "prospeo": Rung(name="prospeo", fills=EVERY_NEED),
    }


@pytest.mark.parametrize(
    ("known", "needs", "expected"),
    [
        ({}, EVERY_NEED, Step("slintel", EVERY_NEED)),
        ({"slintel": WHOLE}, EVERY_NEED, None),
        ({"slintel": NO_EMAIL}, EVERY_NEED, Step("prospeo", ONLY_EMAIL)),
        ({"slintel": NO_EMAIL}, ONLY_PERSON, None),
        ({"slintel": MISSING}, EVERY_NEED, Step("prospeo", EVERY_NEED)),
        ({"slintel": REFUSED}, EVERY_NEED, Step("prospeo", EVERY_NEED)),
        ({"slintel": OTHER}, EVERY_NEED, Step("prospeo", EVERY_NEED)),
        ({"slintel": UNREADABLE}, EVERY_NEED, Step("prospeo", EVERY_NEED)),
        ({"slintel": IN_DOUBT}, EVERY_NEED, Step("prospeo", EVERY_NEED)),
        ({"slintel": NO_EMAIL, "prospeo": NO_VERIFIED_EMAIL}, EVERY_NEED, None),
        ({"slintel": MISSING, "prospeo": NO_VERIFIED_EMAIL}, EVERY_NEED, Step("prospeo", EVERY_NEED)),
        ({"prospeo": WHOLE}, EVERY_NEED, None),
        ({"prospeo": NO_EMAIL}, EVERY_NEED, Step("slintel", ONLY_EMAIL)),
        ({"apollo": WHOLE}, EVERY_NEED, None),  # also a provider that is not in the run
        ({"apollo": IN_DOUBT}, EVERY_NEED, Step("slintel", EVERY_NEED)),
        ({"slintel": NO_EMAIL, "apollo": standing(LeadStatus.FOUND, ONLY_EMAIL)}, EVERY_NEED, None),
        ({EVERY_PROVIDER: standing(LeadStatus.ERASED)}, EVERY_NEED, None),
        ({EVERY_PROVIDER: standing(LeadStatus.OPTED_OUT)}, EVERY_NEED, None),
    ],
)
def test_only_an_open_need_opens_the_next_provider(
    known: dict[str, Standing], needs: Needs, expected: Step | None
) -> None:
    assert next_step(known, rungs(), needs) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"left_out": KeyRejected()}, Step("prospeo", EVERY_NEED)),
        ({"withheld": EVERY_NEED}, Step("prospeo", EVERY_NEED)),
        ({"withheld": ONLY_EMAIL}, Step("slintel", ONLY_PERSON)),
    ],
)
def test_a_provider_is_asked_only_for_what_it_can_fill(changes: dict[str, Any], expected: Step) -> None:
    assert next_step({}, rungs(**changes), EVERY_NEED) == expected


def test_a_provider_that_fills_none_of_the_needs_is_not_asked() -> None:
    only_email = {"prospeo": Rung(name="prospeo", fills=ONLY_EMAIL)}
    assert next_step({}, only_email, ONLY_PERSON) is None
    assert next_step({}, only_email, EVERY_NEED) == Step("prospeo", ONLY_EMAIL)


def test_nobody_is_asked_twice_and_what_is_retried_once() -> None:
    assert next_step({}, rungs(), EVERY_NEED, asked={"slintel"}) == Step("prospeo", EVERY_NEED)
    doubts = {"slintel": IN_DOUBT, "prospeo": MISSING}
    assert next_step(doubts, rungs(), EVERY_NEED, retry=DOUBTFUL) == Step("slintel", EVERY_NEED)
    assert next_step(doubts, rungs(), EVERY_NEED, retry=DOUBTFUL, asked={"slintel"}) is None


def test_a_doubt_is_asked_about_again_where_that_is_free() -> None:
    known = {"slintel": IN_DOUBT}
    assert next_step(known, rungs(repeats_are_free=True), EVERY_NEED) == Step("slintel", EVERY_NEED)
    assert next_step(known, rungs(repeats_are_free=True), EVERY_NEED, asked={"slintel"}) == Step("prospeo", EVERY_NEED)


OBJECTED = outcome_of_known(LeadStatus.OPTED_OUT, EVERY_PROVIDER)[1]
ERASED = outcome_of_known(LeadStatus.ERASED, EVERY_PROVIDER)[1]
DOES_NOT_KNOW, NO_ADDRESS = "Slintel does not know this person.", "Prospeo has no e-mail address of this person."
DOUBT = "An earlier lookup at Slintel got no answer and may have been charged; retry it explicitly if you want to."
CAP = CapReached("run", 5, 5)  # type: ignore[arg-type] # whole credits

ENDINGS: list[tuple[dict[str, Standing], dict[str, LookupResult], LeadfillError | None, Outcome, str]] = [
    # what is known, the answers of the run, why Prospeo is left out; outcome and the sentences
    ({"slintel": WHOLE}, {"slintel": FOUND}, None, Outcome.ENRICHED, ""),
    ({"slintel": WHOLE}, {}, None, Outcome.KNOWN, ""),
    ({"slintel": NO_EMAIL, "prospeo": WHOLE}, {"prospeo": FOUND}, None, Outcome.ENRICHED, ""),
    ({"slintel": NO_EMAIL, "prospeo": NO_VERIFIED_EMAIL}, {"prospeo": Missing(successful=False)}, None,
     Outcome.KNOWN, ""),
    ({"slintel": NO_EMAIL, "prospeo": NO_VERIFIED_EMAIL}, {"slintel": FOUND}, None, Outcome.ENRICHED, ""),
    ({"slintel": NO_EMAIL}, {"slintel": FOUND}, CAP, Outcome.ENRICHED, f"Prospeo was not asked: {CAP}"),
    ({"slintel": NO_EMAIL}, {"slintel": FOUND, "prospeo": Unavailable(503)}, None, Outcome.ENRICHED,
     "Prospeo could not be reached; nothing was charged. Run it again later."),
    ({"slintel": IN_DOUBT, "prospeo": WHOLE}, {"prospeo": FOUND}, None, Outcome.ENRICHED, DOUBT),
    ({"slintel": IN_DOUBT, "prospeo": WHOLE}, {}, None, Outcome.KNOWN, DOUBT),
    ({"slintel": REFUSED, "prospeo": WHOLE}, {}, None, Outcome.KNOWN, ""),  # nothing is open any more
    ({"slintel": IN_DOUBT, "prospeo": MISSING}, {}, None, Outcome.IN_DOUBT, DOUBT),
    ({"slintel": IN_DOUBT}, {"slintel": NoAnswer(sent=True)}, CAP, Outcome.IN_DOUBT,
     f"Slintel gave no answer; the lookup may have been charged and is not repeated. Prospeo was not asked: {CAP}"),
    ({"slintel": REFUSED, "prospeo": MISSING}, {}, None, Outcome.FAILED,
     "Slintel cannot look this URL up; check that it opens the person's profile."),
    ({"slintel": UNREADABLE, "prospeo": MISSING}, {}, None, Outcome.FAILED,
     "Slintel's answer was charged but could not be read; it is not asked again on its own."),
    ({"slintel": OTHER, "prospeo": MISSING}, {}, None, Outcome.FAILED,
     "Slintel answered with somebody else, so nothing is written; the answer was charged and is kept."),
    ({"prospeo": MISSING}, {"slintel": Throttled()}, None, Outcome.FAILED,
     "Slintel kept asking to slow down; nothing was charged. Run it again later."),
    ({"slintel": MISSING, "prospeo": MISSING}, {}, None, Outcome.NOT_FOUND,
     "Slintel and Prospeo do not know this person."),
    ({"slintel": MISSING, "prospeo": NO_VERIFIED_EMAIL}, {}, None, Outcome.NOT_FOUND,
     f"{DOES_NOT_KNOW} {NO_ADDRESS} Prospeo was not asked, since the run was stopped."),
    ({"slintel": MISSING}, {}, CAP, Outcome.NOT_FOUND, f"{DOES_NOT_KNOW} Prospeo was not asked: {CAP}"),
    ({}, {}, None, Outcome.CANCELLED, NOT_REACHED),
    ({EVERY_PROVIDER: standing(LeadStatus.OPTED_OUT)}, {}, None, Outcome.FAILED, OBJECTED),
    ({EVERY_PROVIDER: standing(LeadStatus.ERASED)}, {}, CAP, Outcome.FAILED, ERASED),
]  # fmt: skip


@pytest.mark.parametrize(("known", "answers", "left_out", "outcome", "detail"), ENDINGS)
def test_a_row_ends_with_what_all_providers_gave(
    known: dict[str, Standing],
    answers: dict[str, LookupResult],
    left_out: LeadfillError | None,
    outcome: Outcome,
    detail: str,
) -> None:
    both = rungs()
    both["prospeo"].left_out = left_out
    end = ending(known, answers, both, EVERY_NEED)
    assert (end.outcome, end.detail) == (outcome, detail)
    assert end.doubtful == any(it.status is LeadStatus.IN_DOUBT for it in known.values())
    assert end.skipped == ("was not asked" in detail or "Run it again later" in detail or detail == NOT_REACHED)


def test_a_row_that_nobody_can_be_asked_for_is_cancelled_and_says_why() -> None:
    alone = {"slintel": Rung(name="slintel", fills=EVERY_NEED, left_out=CAP)}
    end = ending({}, {}, alone, EVERY_NEED, stopped_by=CAP)
    assert (end.outcome, end.detail, end.skipped) == (Outcome.CANCELLED, str(CAP), True)


def test_an_address_that_the_plan_of_a_key_does_not_show_is_said() -> None:
    free = {"slintel": Rung(name="slintel", fills=EVERY_NEED, withheld=ONLY_EMAIL)}
    assert ending({}, {}, free, ONLY_EMAIL).detail == (
        "Slintel was not asked for an e-mail address: the plan of its key shows none."
    )


STANDINGS = st.builds(
    standing,
    st.sampled_from([status for status in LeadStatus if status not in BARRED]),
    st.sampled_from([NO_NEEDS, ONLY_EMAIL, ONLY_PERSON, EVERY_NEED]),
    st.sampled_from([NO_NEEDS, ONLY_EMAIL]),
)
KNOWN = st.dictionaries(st.sampled_from(["slintel", "prospeo", "apollo"]), STANDINGS)
NEEDS = st.sampled_from([ONLY_EMAIL, ONLY_PERSON, EVERY_NEED])


@given(KNOWN, NEEDS)
def test_a_waterfall_ends_and_asks_nobody_for_what_is_filled(known: dict[str, Standing], needs: Needs) -> None:
    asked: set[str] = set()
    while (step := next_step(known, rungs(), needs, asked=asked)) is not None:
        assert step.needs
        assert step.needs <= open_needs(known, needs)
        assert step.provider not in asked
        asked.add(step.provider)
    assert asked <= {"slintel", "prospeo"}
    assert not asked or open_needs(known, needs)
