"""Decide which provider is asked about a person next, and how a row ends after several providers' answers. Pure.

Only needs open the next provider: an e-mail address that no lead has, or a person whom no lead describes. Ten chosen
fields are never all filled, and without this rule everybody would be paid for at every provider.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from functions.credits import lead_status
from functions.credits.lead_status import BARRED, LeadStatus, outcome_of_known
from functions.credits.lookup_result import Found, LookupResult, NoAnswer, Throttled, Unavailable
from functions.credits.terms import NO_NEEDS, Needs, label_of
from functions.errors import LeadfillError
from functions.outcomes import NOT_REACHED, Outcome
from functions.store.leads import Standing

_THROTTLED = "{} kept asking to slow down; nothing was charged. Run it again later."
_UNREACHABLE = "{} could not be reached; nothing was charged. Run it again later."
_NO_ANSWER = "{} gave no answer; the lookup may have been charged and is not repeated."
_SHARED = "{} knows this person by another URL, too; each of the two was looked up, and they share one lead."
_WITHHELD = "{} was not asked for an e-mail address: the plan of its key shows none."


@dataclass(slots=True, kw_only=True)
class Rung:
    """A provider in the waterfall of a run, as it can be used at the moment."""

    name: str
    fills: Needs
    """The needs that its data can fill."""
    repeats_are_free: bool = False
    """True if asking again about a lookup in doubt costs nothing."""
    withheld: Needs = NO_NEEDS
    """Those of them that the plan of this key does not show."""
    left_out: LeadfillError | None = None
    """The reason why the provider is not asked any more in this run."""
    is_paused: bool = False
    """True if it is left out for now only: people who are to be asked for there wait, and are not taken elsewhere."""

    @property
    def label(self) -> str:
        """The provider's name as people see it."""
        return label_of(self.name)

    def is_free_doubt(self, standing: Standing) -> bool:
        """Return whether a lookup is in doubt and the provider does not charge for asking again."""
        return self.repeats_are_free and standing.status is LeadStatus.IN_DOUBT


@dataclass(frozen=True, slots=True)
class Step:
    """The provider that is asked next, and the needs that it is asked for."""

    provider: str
    needs: Needs


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """The end of a row."""

    outcome: Outcome
    detail: str = ""
    """Sentences for the person who reads the row; empty where the outcome says it all."""
    skipped: bool = False
    """True if a provider that could have filled an open need was not asked, or gave no answer for which it charges."""
    doubtful: bool = False
    """True if a lookup at a provider of this run is in doubt."""


_ENRICHED, _KNOWN = Ending(outcome=Outcome.ENRICHED), Ending(outcome=Outcome.KNOWN)


def is_barred(known: Mapping[str, Standing]) -> bool:
    """Return whether no provider may be asked about this person, who was erased or has objected."""
    return any(standing.status in BARRED for standing in known.values())


def open_needs(known: Mapping[str, Standing], needs: Needs) -> Needs:
    """Return the needs that no fresh lead fills, whichever provider it is from."""
    for it in known.values():  # a loop, since this is asked twice of every row
        if it.status is LeadStatus.FOUND:
            needs -= it.fills
    return needs


def next_step(
    known: Mapping[str, Standing],
    rungs: Mapping[str, Rung],
    needs: Needs,
    *,
    retry: Collection[LeadStatus] = (),
    asked: Collection[str] = (),
) -> Step | None:
    """Return the next lookup for a person; None if their needs are filled, or no provider is left that could fill them.

    Args:
        known: the fresh knowledge of every provider, of those too that are not in this run.
        rungs: the providers of the run, in the order in which they are asked.
        needs: the needs of the run.
        retry: statuses that count as unknown.
        asked: providers that this run has asked for the person; nobody is asked twice.
    """
    missing = open_needs(known, needs)
    if not missing or is_barred(known):
        return None
    for provider, rung in rungs.items():
        wanted = missing & (rung.fills - rung.withheld)
        if wanted and (rung.left_out is None or rung.is_paused) and provider not in asked:
            standing = known.get(provider)
            is_free_doubt = standing is not None and rung.is_free_doubt(standing)
            if standing is None or standing.status in retry or is_free_doubt or not standing.answers(wanted):
                return Step(provider, wanted)
    return None


def ending(
    known: Mapping[str, Standing],
    answers: Mapping[str, LookupResult],
    rungs: Mapping[str, Rung],
    needs: Needs,
    *,
    stopped_by: LeadfillError | None = None,
) -> Ending:
    """Return the end of a row.

    Args:
        known: the fresh knowledge of every provider, with the answers of this run.
        answers: the answers of this run.
        rungs: the providers of the run.
        needs: the needs of the run.
        stopped_by: the error that ended the run, if one did.
    """
    missing = open_needs(known, needs)
    is_shared = any(it.is_shared for it in known.values())
    if len(known) == 1 and not missing and needs and not is_shared:  # nearly every row: one lead that fills them all
        return _ENRICHED if any(isinstance(answers.get(provider), Found) for provider in known) else _KNOWN
    barred = next(((it.status, provider) for provider, it in known.items() if it.status in BARRED), None)
    if barred is not None:
        outcome, sentence = outcome_of_known(*barred)
        return Ending(outcome=outcome, detail=sentence)
    return _ending_of_all(known, answers, rungs, missing, stopped_by)


def _ending_of_all(
    known: Mapping[str, Standing],
    answers: Mapping[str, LookupResult],
    rungs: Mapping[str, Rung],
    missing: Needs,
    stopped_by: LeadfillError | None,
) -> Ending:
    """Return the end of a row that several providers may have filled, with a sentence about each that did not."""
    doubts = list(_doubts(known, answers, rungs))
    found = [provider for provider, it in known.items() if it.status is LeadStatus.FOUND]
    shared = [_SHARED.format(label_of(provider)) for provider in found if known[provider].is_shared]
    is_new = any(isinstance(answers.get(provider), Found) for provider in found)
    outcome = Outcome.ENRICHED if is_new else Outcome.KNOWN
    if found and not missing:
        return Ending(outcome=outcome, detail=" ".join([*doubts, *shared]), doubtful=bool(doubts))
    failures = list(_failures(known, answers, rungs))
    skipped = list(_skipped(known, answers, rungs, missing))
    is_unanswered = any(
        missing & rungs[name].fills for name, answer in answers.items() if lead_status.of(answer) is None
    )
    told = {"skipped": bool(skipped) or is_unanswered, "doubtful": bool(doubts)}
    if found:
        return Ending(outcome=outcome, detail=" ".join([*doubts, *failures, *skipped, *shared]), **told)
    if doubts or failures:
        outcome = Outcome.IN_DOUBT if doubts else Outcome.FAILED
        return Ending(outcome=outcome, detail=" ".join([*doubts, *failures, *skipped]), **told)
    if misses := _misses(known, rungs):
        return Ending(outcome=Outcome.NOT_FOUND, detail=" ".join([misses, *skipped]), **told)
    is_closed = any(rung.left_out is not None or rung.withheld for rung in rungs.values())
    detail = str(stopped_by) if stopped_by else " ".join(skipped) if is_closed else NOT_REACHED
    return Ending(outcome=Outcome.CANCELLED, detail=detail, **told)


def _doubts(
    known: Mapping[str, Standing], answers: Mapping[str, LookupResult], rungs: Mapping[str, Rung]
) -> Iterator[str]:
    for provider, rung in rungs.items():
        if provider in known and known[provider].status is LeadStatus.IN_DOUBT:
            is_new = isinstance(answers.get(provider), NoAnswer)
            yield _NO_ANSWER.format(rung.label) if is_new else outcome_of_known(LeadStatus.IN_DOUBT, provider)[1]


def _failures(
    known: Mapping[str, Standing], answers: Mapping[str, LookupResult], rungs: Mapping[str, Rung]
) -> Iterator[str]:
    for provider, rung in rungs.items():
        match answers.get(provider):
            case Throttled():
                yield _THROTTLED.format(rung.label)
            case Unavailable() | NoAnswer(sent=False):
                yield _UNREACHABLE.format(rung.label)
            case _ if provider in known:
                outcome, sentence = outcome_of_known(known[provider].status, provider)
                if outcome is Outcome.FAILED:
                    yield sentence


def _skipped(
    known: Mapping[str, Standing], answers: Mapping[str, LookupResult], rungs: Mapping[str, Rung], missing: Needs
) -> Iterator[str]:
    """The sentences about providers that could have filled an open need, and were not asked."""
    for provider, rung in rungs.items():
        wanted = missing & rung.fills
        if not wanted or provider in answers or (provider in known and known[provider].answers(wanted)):
            continue
        if rung.left_out is not None:
            yield f"{rung.label} was not asked: {rung.left_out}"
        elif wanted <= rung.withheld:
            yield _WITHHELD.format(rung.label)
        else:
            yield f"{rung.label} was not asked, since the run was stopped."


def _misses(known: Mapping[str, Standing], rungs: Mapping[str, Rung]) -> str:
    """The sentence about providers that do not know the person; empty where there are none."""
    missing = {
        rung.label: known[provider].under
        for provider, rung in rungs.items()
        if provider in known and known[provider].status is LeadStatus.MISSING
    }
    strangers = [label for label, under in missing.items() if not under]
    without = [label for label, under in missing.items() if under]
    sentences = []
    if strangers:
        sentences.append(f"{_and(strangers)} {'do' if len(strangers) > 1 else 'does'} not know this person.")
    if without:
        sentences.append(f"{_and(without)} {'have' if len(without) > 1 else 'has'} no e-mail address of this person.")
    return " ".join(sentences)


def _and(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
