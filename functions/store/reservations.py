"""Reserve credits and turns together, for as many of the wanted lookups as caps and rate allow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa

from functions.credits.caps import Cap
from functions.credits.pacing import Turn
from functions.store import ledger, rates
from functions.store.ledger import NOT_MOVED, Moved
from functions.store.rates import Given, Pace


@dataclass(frozen=True, slots=True)
class Reserved:
    """The lookups that caps and rate allow."""

    turns: Sequence[Turn | None] = ()
    """Of each its turn; None where no rate is kept."""
    refused: int = 0
    """Lookups that a cap refused."""
    cap: Cap | None = None
    """The cap that refused them."""
    given: Given = field(default_factory=Given)
    """When there are further turns."""


def reserve(
    connection: sa.Connection,
    caps: Sequence[Cap],
    wanted: int,
    price: Decimal,
    *,
    pace: Pace | None,
    now: datetime,
    moved: Moved = NOT_MOVED,
) -> Reserved:
    """Reserve credits and turns for up to `wanted` lookups, as many as every cap and the rate allow.

    Before that, the credits of `moved` lookups are given back and spent.
    """
    # The rate is locked before the counters, here and everywhere: no two transactions wait for each other.
    offer = rates.offer(connection, pace, wanted, now) if wanted and pace is not None else None
    offered = wanted if offer is None else offer.count
    count, cap = ledger.reserve(connection, caps, offered, price, moved)
    if offer is None:
        return Reserved([None] * count, wanted - count, cap)
    given = offer.take(connection, count)
    return Reserved(given.turns, offer.count - count, cap, given)
