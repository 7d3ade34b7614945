"""The states of a job: what leads where, and that no run can get stuck (P8, P9)."""

from __future__ import annotations

from functions.store.job_states import ENDED, TRANSITIONS, JobState


def reachable(state: JobState) -> set[JobState]:
    """Every state that can come after this one."""
    found: set[JobState] = set()
    left = [state]
    while left:
        new = TRANSITIONS[left.pop()] - found
        found |= new
        left += new
    return found


def test_every_state_has_its_transitions_and_can_be_reached() -> None:
    assert set(TRANSITIONS) == set(JobState)
    assert reachable(JobState.QUEUED) == set(JobState) - {JobState.QUEUED}


def test_from_every_state_some_end_is_within_reach() -> None:
    for state in JobState:
        assert state in {*ENDED, JobState.UNDONE} or reachable(state) & set(ENDED), state


def test_what_has_ended_goes_on_only_by_a_retry_or_an_undo() -> None:
    for state in ENDED:
        assert TRANSITIONS[state] == {JobState.RUNNING, JobState.UNDOING}


def test_a_run_that_was_undone_stays_so() -> None:
    """Its outcomes say what it had looked up; a retry that fills a few of its rows would make them claims."""
    assert TRANSITIONS[JobState.UNDONE] == set()


def test_whoever_asked_to_stop_is_never_run_on() -> None:
    assert TRANSITIONS[JobState.CANCELLING] == {JobState.CANCELLED}
