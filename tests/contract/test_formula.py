"""What a formula answers at its edges: nothing asked, too much asked, Slintel or the store in trouble."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions import formula
from functions.auth.identity_tokens import Caller, FormulaToken
from functions.enrichment import lane
from functions.errors import InvalidRequest, StoreError, UnknownField
from functions.formula import FormulaValues
from functions.store import schema
from functions.store.database import Store
from local.providers.client import Sandbox
from tests.support.contexts import context_without_sheets
from tests.support.costly_expressions import COSTLY
from tests.support.enrichers import EnricherOf, allowed, limits

LIMITS = limits(per_run=1000, per_user_day=1000, per_month=1000)
NOW = datetime(2026, 3, 1, tzinfo=UTC)
TOKEN = FormulaToken("1", "sheet", Caller("me", "me@example.com", "example.com"), NOW, NOW + timedelta(days=1))
FIELDS = ("email", "status")


class Ask:
    """Asks formulas of one deployment."""

    def __init__(self, store: Store, enricher_of: EnricherOf) -> None:
        self._enricher_of = enricher_of
        self._deployment = context_without_sheets(
            store, LIMITS, lambda: enricher_of(timeout_s=5.0, api_key=self.api_key)
        )
        self.api_key = "key"

    def __call__(
        self,
        *cells: str,
        fields: tuple[str, ...] = FIELDS,
        credits_per_day: int = 100,
        new_people_per_day: int = 100,
        token: FormulaToken = TOKEN,
    ) -> FormulaValues:
        """One column of cells."""
        column = [[cell] for cell in cells]
        per_day, new = allowed(credits_per_day), new_people_per_day
        return formula.answer(
            self._deployment, token, column, fields, "", credits_per_day=per_day, new_people_per_day=new
        )


@pytest.fixture
def ask(store: Store, enricher_of: EnricherOf) -> Ask:
    """Asks formulas."""
    return Ask(store, enricher_of)


def test_nothing_asked_is_nothing_answered(ask: Ask, sandbox: Sandbox) -> None:
    assert ask() == FormulaValues([], 0)
    assert ask("", " ", "\u00a0") == FormulaValues([["", ""]] * 3, 0)
    assert sandbox.charges()["total"] == 0


def test_as_many_urls_as_one_formula_takes_and_one_more(ask: Ask, sandbox: Sandbox) -> None:
    assert ask(*[""] * formula.MAX_URLS).pending == 0
    with pytest.raises(
        InvalidRequest, match="One formula takes up to 10,000 URLs; split the range into several formulas"
    ):
        ask(*["linkedin.com/in/a-a"] * (formula.MAX_URLS + 1))
    assert sandbox.charges()["total"] == 0


def test_a_formula_that_gets_no_turn_is_pending_and_costs_nothing(
    ask: Ask, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "WAIT_S", 0.0)
    costly = (f"X={COSTLY['filters']}",)
    assert ask._deployment.lane.take()
    waiting = ask("linkedin.com/in/person-1", fields=costly)
    assert (waiting.values, waiting.pending) == ([[None]], 1)
    assert ask("linkedin.com/in/person-1").pending == 0, "everybody else's formulas go on"
    ask._deployment.lane.leave()
    answer = ask("linkedin.com/in/person-1", fields=costly)
    assert answer.pending == 0
    assert "too many steps for this person" in str(answer.values)
    assert sandbox.charges()["total"] == 1


def test_an_unknown_field_is_refused_before_anything_is_asked(ask: Ask, sandbox: Sandbox) -> None:
    with pytest.raises(UnknownField, match="emial"):
        ask("linkedin.com/in/a-a", fields=("emial",))
    assert sandbox.charges()["total"] == 0


def test_what_may_have_been_charged_says_so_and_is_not_asked_again(ask: Ask, sandbox: Sandbox) -> None:
    sandbox.switch(hang_up_after_rate=1.0)
    first = ask("linkedin.com/in/doubtful-one")
    sandbox.switch(hang_up_after_rate=0.0)
    again = ask("linkedin.com/in/doubtful-one", "linkedin.com/in/certain-one")
    for answer in (first, again):
        assert answer.pending == 0
        assert str(answer.values[0][0]).startswith(formula.TROUBLE)
        assert "may have been charged" in str(answer.values[0][0])
    assert again.values[1][1] == "known"
    assert sandbox.charges()["total"] == 2


def test_a_key_that_slintel_rejects_is_said_in_every_row_that_needs_it(ask: Ask, sandbox: Sandbox) -> None:
    known = ask("linkedin.com/in/known-one").values
    ask.api_key = "bad"
    answer = ask("linkedin.com/in/known-one", "linkedin.com/in/new-one", "linkedin.com/in/new-two", "nobody")
    assert answer.values[0] == known[0]
    assert answer.pending == 2
    for row in answer.values[1:]:
        assert str(row[0]).startswith(formula.TROUBLE)
        assert row[1] == ""
    assert sandbox.charges()["total"] == 1


def test_the_cap_of_the_day_ends_where_it_stands_and_what_is_known_is_still_answered(
    ask: Ask, sandbox: Sandbox
) -> None:
    assert ask("linkedin.com/in/one", credits_per_day=1).pending == 0
    answer = ask("linkedin.com/in/two", "linkedin.com/in/one", credits_per_day=1)
    assert str(answer.values[0][0]).startswith(
        f"{formula.TROUBLE}Formulas of this spreadsheet have used their 1 credit of today"
    )
    assert (answer.values[1][1], answer.pending) == ("known", 1)
    assert sandbox.charges()["total"] == 1


def test_a_store_that_fails_while_people_are_looked_up_is_an_error_not_an_empty_cell(
    ask: Ask, store: Store, sandbox: Sandbox
) -> None:
    with store.writing() as connection:
        schema.claims.drop(connection)
    with pytest.raises(StoreError):
        ask("linkedin.com/in/somebody")
    assert sandbox.charges()["total"] == 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(cells=st.lists(st.lists(st.text(max_size=30).filter(lambda text: "linkedin" not in text.lower()), max_size=4)))
def test_whatever_stands_in_the_cells_each_has_its_row_and_costs_nothing(
    ask: Ask, sandbox: Sandbox, cells: list[list[str]]
) -> None:
    answer: Any = formula.answer(
        ask._deployment, TOKEN, cells, FIELDS, "none", credits_per_day=allowed(100), new_people_per_day=100
    )
    flat = [cell for row in cells for cell in row]
    assert [len(row) for row in answer.values] == [2] * len(flat)
    assert answer.pending == 0
    for cell, row in zip(flat, answer.values, strict=True):
        assert row[1] == ""
        assert row[0] == "" or row[0].startswith(formula.TROUBLE)
        assert bool(row[0]) or not cell.isalnum()
    assert sandbox.charges()["total"] == 0
