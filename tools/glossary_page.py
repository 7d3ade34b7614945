"""Writes the tables of outcomes and job states in docs/glossary.md: `python -m tools.glossary_page`.

A test holds page and enums equal. The other sections of the page are written by hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from functions.outcomes import Outcome
from functions.store.job_states import LIVE, TRANSITIONS, JobState

PAGE = Path(__file__).parent.parent / "docs" / "glossary.md"


def page() -> str:
    """Return the page as it is, with its two tables made anew."""
    text = PAGE.read_text(encoding="utf-8")
    outcomes = [(f"`{outcome.value}`", outcome.meaning) for outcome in Outcome]
    states = [(f"`{state.value}`", state.meaning, _followers(state)) for state in JobState]
    text = _with_table(text, "Outcomes of a row", ("outcome", "meaning"), outcomes)
    return _with_table(text, "States of a job", ("state", "meaning", "next states"), states)


def _followers(state: JobState) -> str:
    """Return the states that may follow one, in the enum's order."""
    is_retry = state not in LIVE
    return ", ".join(
        f"`{after.value}`" + (" (retry)" if is_retry and after is JobState.RUNNING else "")
        for after in JobState
        if after in TRANSITIONS[state]
    )


def _with_table(text: str, section: str, titles: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in (titles, *rows))
    first, rest = table.split("\n", 1)
    made = f"## {section}\n\n{first}\n|{'---|' * len(titles)}\n{rest}\n"
    return re.sub(rf"^## {section}\n\n(?:\|.*\n)+", lambda _: made, text, count=1, flags=re.MULTILINE)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"Wrote {PAGE}.")
