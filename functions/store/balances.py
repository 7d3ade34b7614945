"""Balances of the accounts with providers, as the worker last read them; `api` holds no key and cannot ask."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa

from functions.store import schema
from functions.store.database import insert

_balances = schema.balances


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBalance:
    """The balance of one provider at a time."""

    provider: str
    read_at: datetime
    credits_left: Decimal | None = None
    """None where the provider does not say."""
    credits_used: Decimal | None = None
    """In the present period of the contract; None where the provider does not say."""
    key_is_rejected: bool = False


def read(connection: sa.Connection) -> dict[str, StoredBalance]:
    """Every balance, by provider."""
    rows = connection.execute(sa.select(_balances)).mappings()
    return {row["provider"]: StoredBalance(**row) for row in rows}


def keep(connection: sa.Connection, balance: StoredBalance) -> None:
    """Keeps a balance in place of the provider's earlier one."""
    values = {
        "read_at": balance.read_at,
        "credits_left": balance.credits_left,
        "credits_used": balance.credits_used,
        "key_is_rejected": balance.key_is_rejected,
    }
    statement = insert(connection, _balances).values(provider=balance.provider, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["provider"], set_=values))
