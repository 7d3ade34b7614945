"""Formula tokens: who made which, for which spreadsheet, and until when. The text of a token is not kept."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from functions.auth.identity_tokens import Caller, FormulaToken
from functions.store import schema

MAX_LISTED = 100
"""Tokens of one spreadsheet that are listed, the newest first."""

_tokens = schema.formula_tokens


def replace(connection: sa.Connection, token: FormulaToken) -> None:
    """Record a new token; earlier ones that the same person made for the same spreadsheet end with it."""
    same = _tokens.c.spreadsheet_id == token.spreadsheet_id, _tokens.c.subject == token.issued_by.subject
    earlier = _tokens.update().where(*same, _tokens.c.revoked_at.is_(None))
    connection.execute(earlier.values(revoked_at=token.issued_at))
    row = {
        "id": token.token_id,
        "spreadsheet_id": token.spreadsheet_id,
        "subject": token.issued_by.subject,
        "email": token.issued_by.email,
        "domain": token.issued_by.domain,
        "issued_at": token.issued_at,
        "expires_at": token.expires_at,
        "revoked_at": None,
    }
    connection.execute(_tokens.insert(), [row])


def find(connection: sa.Connection, token_id: str) -> FormulaToken | None:
    """Return the token with this id, also where it has ended; None where there is none."""
    row = connection.execute(sa.select(_tokens).where(_tokens.c.id == token_id)).one_or_none()
    return None if row is None else _token(row)


def of_spreadsheet(connection: sa.Connection, spreadsheet_id: str, now: datetime) -> list[FormulaToken]:
    """Return the tokens of a spreadsheet that have not ended, the newest first."""
    alive = _tokens.c.revoked_at.is_(None), _tokens.c.expires_at > now
    statement = sa.select(_tokens).where(_tokens.c.spreadsheet_id == spreadsheet_id, *alive)
    rows = connection.execute(statement.order_by(_tokens.c.issued_at.desc(), _tokens.c.id).limit(MAX_LISTED))
    return [_token(row) for row in rows]


def addresses(connection: sa.Connection) -> dict[str, str]:
    """Return the address of each account that has connected formulas, as of the newest token that is kept."""
    statement = sa.select(_tokens.c.subject, _tokens.c.email).order_by(_tokens.c.issued_at)
    return {row.subject: row.email for row in connection.execute(statement)}


def revoke(connection: sa.Connection, token_id: str, now: datetime) -> None:
    """End a token; one that was revoked before keeps its time."""
    condition = _tokens.c.id == token_id, _tokens.c.revoked_at.is_(None)
    connection.execute(_tokens.update().where(*condition).values(revoked_at=now))


def _token(row: sa.Row[tuple[object, ...]]) -> FormulaToken:
    return FormulaToken(
        token_id=row.id,
        spreadsheet_id=row.spreadsheet_id,
        issued_by=Caller(row.subject, row.email, row.domain),
        issued_at=row.issued_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )
