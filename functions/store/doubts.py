"""Doubts about lookups at a provider whose repeats are free: asking again costs nothing, and may resolve the doubt.

The doubt's credits serve as the reservation of the repeat: of the two lookups, the provider charges one at most.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from functions.credits.lead_status import LeadStatus
from functions.credits.pricing import NOTHING, Charge, EntryKind
from functions.credits.terms import Needs
from functions.store import ledger, schema, settlements
from functions.store.database import Store
from functions.store.leads import Known
from functions.store.lookups import Claim, Recorded, Settlement


def of_people(connection: sa.Connection, keys: Sequence[str], provider: str) -> dict[str, tuple[Claim, Needs]]:
    """Return the latest open doubt of each of these people that has one, and the needs that its lookup had.

    The doubt is a claim whose credits are spent already. Whoever asks again asks for the same needs, however often and
    in whichever run: under another condition, the provider would say that it has nobody of whom it has charged.
    """
    found = {}
    for row in _open(connection, keys, provider):
        found[row["key"]] = Claim(row["key"], row["token"], provider, row["credits"]), row["needs"]
    return found


def resolve(store: Store, repeats: Sequence[Settlement], now: datetime) -> Recorded:
    """Record the results of lookups that asked again about doubts.

    A repeat that was charged was the first to be: what was in doubt had cost nothing. One that was free shows that
    somebody has paid. If the ledger knows an earlier charge of the person, that was it, and the doubt had cost nothing;
    else it may have been the lookup in doubt, or another tool that uses the same account: the lead is kept, and the
    doubt stands. A person whom the provider does not know has cost nothing either.

    Raises:
        StoreError: nothing was recorded; the doubts stand.
    """
    told = [it for it in repeats if it.status not in (None, LeadStatus.IN_DOUBT)]
    if not told:
        return Recorded()

    def write(connection: sa.Connection, _again: bool) -> Recorded:  # noqa: FBT001 - as `Store.retry_transaction` calls it
        # Whoever resolves doubts of the same people waits here, and finds them resolved.
        pairs = sorted({(it.claim.key, it.claim.provider) for it in told})
        table = schema.leads
        of_pairs = sa.tuple_(table.c.key, table.c.provider).in_(pairs)
        of_keys = table.c.key.in_([key for key, _ in pairs])  # by pairs alone, SQLite reads all leads
        connection.execute(
            sa.select(table.c.key).where(of_keys, of_pairs).order_by(table.c.key).with_for_update()
        ).all()
        learned: dict[tuple[str, str], Known] = {}
        for settlement in told:
            claim = settlement.claim
            doubts = list(_open(connection, [claim.key], claim.provider))
            if claim.token not in {doubt["token"] for doubt in doubts}:
                continue  # resolved already
            if (known := settlement.known(now)) is not None:
                learned[claim.key, claim.provider] = known
            resolved = [
                (doubt, charge) for doubt in doubts if (charge := _charge_of(connection, doubt, settlement)) is not None
            ]
            entries = [
                settlements.entry_of(doubt, charge, now) | {"fills": settlement.fills} for doubt, charge in resolved
            ]
            ledger.append(connection, entries, [doubt for doubt, _ in resolved])
        return settlements.learn(connection, learned, sorted({it.claim.key for it in told}), now)

    return store.retry_transaction(write)


def _charge_of(connection: sa.Connection, doubt: Mapping[str, Any], repeat: Settlement) -> Charge | None:
    """Return what a doubt has cost after all; None if that is still open."""
    is_asked = doubt["token"] == repeat.claim.token
    if repeat.charge.kind is EntryKind.RELEASED:
        return NOTHING if is_asked else None
    if repeat.charge.credits:
        return repeat.charge if is_asked else NOTHING
    return NOTHING if _was_charged_before(connection, doubt) else None


def _was_charged_before(connection: sa.Connection, doubt: Mapping[str, Any]) -> bool:
    entries = schema.ledger_entries
    condition = (
        entries.c.key == doubt["key"],
        entries.c.provider == doubt["provider"],
        entries.c.kind == EntryKind.CHARGED,
        entries.c.credits > 0,
    )
    return connection.scalar(sa.select(entries.c.id).where(*condition).limit(1)) is not None


def _open(connection: sa.Connection, keys: Sequence[str], provider: str) -> Iterator[dict[str, Any]]:
    """Gives the doubts of these people at one provider that nothing has resolved, the latest last."""
    entries = schema.ledger_entries
    condition = entries.c.key.in_(list(keys)), entries.c.provider == provider, entries.c.kind == EntryKind.IN_DOUBT
    tokens = connection.scalars(sa.select(entries.c.token).where(*condition)).all()
    yield from sorted(settlements.open_doubts(connection, tokens).values(), key=lambda row: row["id"])
