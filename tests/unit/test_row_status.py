"""The words in a column of Status are known again, and nothing else is taken for them (P6)."""

from __future__ import annotations

from functions.fields import select
from functions.outcomes import Outcome
from functions.profiles.parsing import Reason
from functions.sheets.cells import Formula, Spilled
from functions.sheets.row_status import is_status, number_of, unusable


def test_a_run_knows_its_own_words() -> None:
    assert unusable("sales_navigator") == "unusable: Sales Navigator address"
    assert all(is_status(words) for words in (*(outcome.words for outcome in Outcome), *map(unusable, Reason)))


def test_what_somebody_writes_is_not_taken_for_them() -> None:
    others = ("", "Enriched", "failed twice", "unusable: has left", 1.0, True, Formula("=known"), Spilled("known"))
    assert not any(is_status(other) for other in others)


def test_the_field_is_found_wherever_it_is_chosen() -> None:
    assert [number_of(select(names)) for names in (["email", "Status"], ["status"], ["email"])] == [1, 0, None]
