"""What Leadfill relies on at Google: each has its sentences and one trial, and what does not hold its consequence."""

from __future__ import annotations

from collections import Counter

import pytest

from functions.runtime import REAL
from functions.sheets.assumptions import MEANINGS, Assumption, Behaviour, Finding, Verdict, unmet
from functions.sheets.timings import LargeTab
from functions.sheets.trials import TRIALS

A = Assumption
NOT_AT_GOOGLE_SHEETS = {A.IDENTITY, A.ACCESS, A.TIDY}
"""Told by the token, and by the end of the check itself."""


def test_each_assumption_is_tried_by_one_trial() -> None:
    tried = Counter(each for _, about in (*TRIALS, *LargeTab(1, REAL).trials()) for each in about)
    assert set(tried) == set(A) - NOT_AT_GOOGLE_SHEETS
    assert set(tried.values()) == {1}


def test_each_assumption_has_its_sentences() -> None:
    assert set(MEANINGS) == set(A)
    for meaning in MEANINGS.values():
        assert not meaning.title.endswith(".")
        assert meaning.holds.endswith(".")
        assert meaning.fails.endswith(".")
    assert len({meaning.title for meaning in MEANINGS.values()}) == len(A)


def test_a_verdict_is_told_with_what_was_seen() -> None:
    assert Finding(A.ACCESS, Verdict.HOLDS, "9 minutes.").sentence.endswith("with the next one. 9 minutes.")
    assert Finding(A.STRICT, Verdict.DOES_NOT_HOLD).sentence == MEANINGS[A.STRICT].fails
    untried = Finding(A.CHIPS, Verdict.NOT_TRIED, "Google was busy.").sentence
    assert untried == "It could not be tried: Google was busy. Leadfill goes on as if it held."


def test_only_what_does_not_hold_is_unmet() -> None:
    findings = [
        Finding(A.NULLS, Verdict.DOES_NOT_HOLD),
        Finding(A.CHIPS, Verdict.NOT_TRIED),
        Finding(A.LINKS, Verdict.HOLDS),
    ]
    assert unmet(findings) == {A.NULLS}


@pytest.mark.parametrize(
    ("missing", "stops"),
    [
        ((), ""),
        ((A.STRICT, A.TYPED, A.TABLE, A.HEADER, A.LINKS, A.CHIPS, A.NOTHING, A.GONE), ""),
        ((A.NULLS,), ""),
        ((A.TAKEN, A.FREED, A.PROOF), ""),
        ((A.ANCHORS,), "with its cells"),
        ((A.FOLLOWED,), "goes where the column goes"),
        ((A.SPILLS,), "shows its value"),
        ((A.NULLS, A.TAKEN), "Nor can it prove"),
        ((A.NULLS, A.FREED), "Nor can it prove"),
        ((A.NULLS, A.PROOF), "Nor can it prove"),
    ],
)
def test_runs_are_off_only_where_there_is_no_other_way(missing: tuple[Assumption, ...], stops: str) -> None:
    obstacle = Behaviour(frozenset(missing)).obstacle
    assert bool(obstacle) == bool(stops)
    assert stops in (obstacle or "")


def test_without_a_check_all_is_as_assumed() -> None:
    behaviour = Behaviour()
    assert behaviour.leaves_nulls_alone
    assert behaviour.proves_places
    assert not behaviour.proof_leaves_marks
