"""Formula tokens are kept alike by both databases: one for each maker and spreadsheet, until it ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from functions.auth.identity_tokens import Caller, FormulaToken
from functions.store import formula_tokens
from functions.store.database import Store

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANN, BOB = Caller("1", "ann@example.com", "example.com"), Caller("2", "bob@example.com", "example.com")


def made(store: Store, token_id: str, maker: Caller, sheet: str = "sheet", at: datetime = NOON) -> FormulaToken:
    """A token in the store."""
    token = FormulaToken(token_id, sheet, maker, at, at + timedelta(days=14))
    with store.writing() as connection:
        formula_tokens.replace(connection, token)
    return token


def listed(store: Store, now: datetime, sheet: str = "sheet") -> list[FormulaToken]:
    with store.reading() as connection:
        return formula_tokens.of_spreadsheet(connection, sheet, now)


def test_what_was_recorded_is_found_as_it_was_made(store: Store) -> None:
    token = made(store, "a", ANN)
    with store.reading() as connection:
        assert formula_tokens.find(connection, "a") == token
        assert formula_tokens.find(connection, "b") is None


def test_a_new_token_ends_the_makers_earlier_one_of_that_spreadsheet_and_no_other(store: Store) -> None:
    made(store, "a", ANN)
    others = [made(store, "b", BOB), made(store, "c", ANN, "another sheet")]
    later = made(store, "d", ANN, at=NOON + timedelta(hours=1))
    with store.reading() as connection:
        earlier = formula_tokens.find(connection, "a")
        assert earlier is not None
        assert earlier.revoked_at == later.issued_at
        assert [formula_tokens.find(connection, other.token_id) for other in others] == others
    assert listed(store, later.issued_at) == [later, others[0]]
    assert listed(store, later.issued_at, "another sheet") == [others[1]]


@pytest.mark.parametrize("times", [1, 2])
def test_a_revoked_token_stays_so_from_the_first_time(store: Store, times: int) -> None:
    made(store, "a", ANN)
    for hour in range(times):
        with store.writing() as connection:
            formula_tokens.revoke(connection, "a", NOON + timedelta(hours=hour))
    with store.reading() as connection:
        token = formula_tokens.find(connection, "a")
    assert token is not None
    assert token.revoked_at == NOON
    assert listed(store, NOON) == []


def test_an_expired_token_is_not_listed(store: Store) -> None:
    token = made(store, "a", ANN)
    assert listed(store, token.expires_at - timedelta(microseconds=1)) == [token]
    assert listed(store, token.expires_at) == []
