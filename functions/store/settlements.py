"""Records of what lookups have told and cost: leads, ledger entries, and doubts that are resolved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from functions.credits.lead_status import LeadStatus
from functions.credits.pricing import Charge, EntryKind
from functions.credits.terms import NO_NEEDS
from functions.store import erasures, leads, ledger, schema
from functions.store.leads import Known
from functions.store.ledger import Moved
from functions.store.lookups import Claim, Recorded, Settlement
from functions.store.pipeline import pipeline

_COPIED = ("token", "key", "provider", "needs", "run_id", "user_id", "spreadsheet_id")
"""Columns of a claim that its ledger entries have, too."""


def record_settlements(
    connection: sa.Connection, settlements: Sequence[Settlement], held: Mapping[str, Mapping[str, Any]], now: datetime
) -> tuple[Recorded, Moved]:
    """Record what lookups have told and cost; return what is to be given back on the counters, and what was spent.

    Args:
        connection: a transaction.
        settlements: the lookups.
        held: the rows of those of their claims that were not over yet, by token; this transaction has deleted them.
        now: the present.
    """
    by_token = {settlement.claim.token: settlement for settlement in settlements}
    # Done again it changes nothing: the claims are gone, and what is in the ledger is no open doubt.
    late = [token for token in by_token if token not in held]
    doubts = open_doubts(connection, late)
    entries = []
    learned: dict[tuple[str, str], Known] = {}
    forgotten: list[Claim] = []
    for token, settlement in by_token.items():
        source = held.get(token) or doubts.get(token)
        if source is None or (token in doubts and settlement.charge.kind is EntryKind.IN_DOUBT):
            continue  # settled already, or still the same doubt
        is_settled = token in held or settlement.tells_what_a_doubt_cost
        if is_settled:
            told = {"fills": settlement.fills} if settlement.was_sent else {"needs": NO_NEEDS}
            entries.append(entry_of(source, settlement.charge, now) | told)
        if (known := settlement.known(now)) is not None:
            learned[settlement.claim.key, settlement.claim.provider] = known
        elif is_settled and token in doubts:
            forgotten.append(settlement.claim)
    told_of = {entry["token"] for entry in entries}
    resolved = [doubt for token, doubt in doubts.items() if token in told_of]
    keys = sorted({settlement.claim.key for settlement in settlements})
    recorded = learn(connection, learned, keys, now, entries=entries, resolved=resolved)
    for claim in forgotten:
        _forget_doubt(connection, claim)
    moved = (
        ledger.tally((row["caps"], row["credits"]) for row in held.values()),
        ledger.tally((row["caps"], by_token[token].charge.credits) for token, row in held.items()),
    )
    return recorded, moved


def learn(
    connection: sa.Connection,
    learned: Mapping[tuple[str, str], Known],
    keys: Sequence[str],
    now: datetime,
    *,
    entries: Sequence[Mapping[str, Any]] = (),
    resolved: Sequence[Mapping[str, Any]] = (),
) -> Recorded:
    """Record the results of lookups; nothing is kept about people who have objected or were erased.

    With it go the `entries` of the ledger about them, and the doubts that those have `resolved`.
    """
    objected = {key for (key, _), known in learned.items() if known.status is LeadStatus.OPTED_OUT}
    kept = {pair: known for pair, known in learned.items() if pair[0] not in objected}
    people = leads.same_people(connection, kept)
    with pipeline(connection):
        # Leads come before the ledger, here and everywhere: no two transactions wait for each other.
        shared = leads.record(connection, kept, people)
        ledger.append(connection, entries, resolved)
    erasures.opt_out(connection, sorted(objected), now)
    persons = {pair: known.person for pair, known in learned.items() if known.person}
    return Recorded(shared, erasures.keep_out(connection, keys, persons))


def entry_of(source: Mapping[str, Any], charge: Charge, now: datetime) -> dict[str, Any]:
    """Make the ledger entry of a charge for a claim, or for a doubt that it resolves."""
    copied = {name: source[name] for name in _COPIED}
    return {"at": now, "kind": charge.kind, "credits": charge.credits, "fills": NO_NEEDS, **copied}


def open_doubts(connection: sa.Connection, tokens: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the doubts of these tokens that nothing has resolved."""
    if not tokens:
        return {}
    table = schema.ledger_entries
    rows = connection.execute(sa.select(table).where(table.c.token.in_(list(tokens)))).mappings().all()
    resolved = {row["token"] for row in rows if row["kind"] != EntryKind.IN_DOUBT}
    return {row["token"]: dict(row) for row in rows if row["token"] not in resolved}


def _forget_doubt(connection: sa.Connection, claim: Claim) -> None:
    """Forget a doubt that the provider did not charge after all: the person may be looked up again.

    Not where another lookup of theirs with this provider is in doubt as well.
    """
    table, entries = schema.leads, schema.ledger_entries
    of_claim = entries.c.key == claim.key, entries.c.provider == claim.provider
    tokens = connection.scalars(sa.select(entries.c.token).where(*of_claim).distinct()).all()
    if not open_doubts(connection, tokens):
        doubt = table.c.key == claim.key, table.c.provider == claim.provider, table.c.status == LeadStatus.IN_DOUBT
        connection.execute(table.delete().where(*doubt))
