"""Claim → intend → settle: the three steps of a lookup that the store records.

A claim row *is* the durable intention: it is committed, with its credit reserved, before the request may leave. It goes
in exactly one of two ways: its holder settles it or, when it expires, it becomes a doubt.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from functions.credits.caps import Cap, Spender
from functions.credits.lead_status import LeadStatus
from functions.credits.pacing import AHEAD, Turn
from functions.credits.pricing import Charge, EntryKind
from functions.credits.terms import EVERY_NEED, NO_NEEDS, Needs
from functions.store import erasures, leads, ledger, reservations, schema
from functions.store.database import Store, insert_of
from functions.store.erasures import Erasure
from functions.store.leads import EVERY_PROVIDER, Freshness, Known
from functions.store.ledger import NOT_MOVED, Moved
from functions.store.pipeline import pipeline
from functions.store.rates import Pace

_COPIED = ("token", "key", "provider", "needs", "run_id", "user_id", "spreadsheet_id")
"""Columns of a claim that its ledger entries have, too."""
LIFETIME = timedelta(seconds=300)
"""The life of a claim: far longer than one lookup with all its retries may take."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One instance's time-limited right to look one profile up with one provider."""

    key: str
    token: str
    provider: str
    credits: Decimal
    """The credits that are reserved for the lookup: the most that it may cost by the provider's terms."""
    turn: Turn | None = None
    """When it may be sent; None where no rate is kept."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """The result of claiming; each key is in exactly one of these."""

    granted: list[Claim] = field(default_factory=list)
    known: dict[str, dict[str, Known]] = field(default_factory=dict)
    """Already in the store, by key and provider: another instance was first."""
    held: list[str] = field(default_factory=list)
    """Claimed by another instance, with the same provider: wait for its lead."""
    refused: list[str] = field(default_factory=list)
    """Not allowed by a cap."""
    cap: Cap | None = None
    """The cap that refused them."""
    late: list[str] = field(default_factory=list)
    """For which the provider's rate has no start soon enough."""
    again_at: datetime | None = None
    """When to claim those."""
    until: datetime | None = None
    """The end of the provider's limit of an hour or a day, if that is why they are late."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """The result of a claim's lookup."""

    claim: Claim
    charge: Charge
    status: LeadStatus | None
    """The status from now on; None if nothing was learned."""
    lead: bytes | None = None
    """The lead, as `leads.pack` gives it."""
    raw: bytes | None = None
    """The provider's own answer, likewise; None where it is the lead itself."""
    fills: Needs = NO_NEEDS
    """The needs that the lead fills."""
    under: Needs = NO_NEEDS
    """Of a miss: the needs that the request made a condition."""
    person: str | None = None
    """Id and name at the provider of whom the lead is about; None where it does not say."""
    was_sent: bool = True
    """False if the provider was not asked after all."""
    repeats_are_free: bool = False
    """True if the provider may have been asked again since the lookup became a doubt, on the same credits."""

    @property
    def tells_what_a_doubt_cost(self) -> bool:
        """Return whether the doubt about the lookup is resolved by this answer, when it comes late.

        Where repeats are free, one that was free may have been so because of another one that was charged.
        """
        is_unknown = self.charge.kind is EntryKind.RELEASED and self.status is not None
        return not self.repeats_are_free or self.charge.credits > 0 or is_unknown

    def known(self, now: datetime) -> Known | None:
        """Return the person's new status; None if nothing was learned."""
        if self.status is None:
            return None
        return Known(self.status, now, self.fills, self.under, False, self.lead, self.raw, self.person)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the store has to say of lookups that were settled, beside their answers."""

    shared: set[tuple[str, str]] = field(default_factory=set)
    """Key and provider of leads that another URL of the same person has, too."""
    erased: dict[str, Erasure] = field(default_factory=dict)
    """People who were erased meanwhile, or long ago by another URL; nothing of their answers was kept."""
    claimed: Claimed = field(default_factory=Claimed)
    """Those who were claimed with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Profiles that are to be claimed for one provider."""

    keys: Sequence[str]
    """Distinct profile keys that the provider seemed not to know."""
    spender: Spender
    """The person and the run that pay."""
    caps: Sequence[Cap]
    """The counters that the credits count against, all of this provider."""
    provider: str
    """Which is to be asked."""
    price: Decimal
    """The most credits that one lookup may cost."""
    needs: Needs = EVERY_NEED
    """What it is to be asked for; a miss under fewer needs does not answer that."""
    owner: str
    """The name of this process, or of one of its attempts, `owner/…`: whose claims they are if it dies."""
    fresh: Freshness
    """The periods for which leads and misses count as known."""
    now: datetime
    """The present."""
    retry: frozenset[LeadStatus] = frozenset()
    """Statuses that are looked up again although they are known."""
    retry_before: datetime | None = None
    """Only statuses learned before this time; later ones come from the same retry."""
    pace: Pace | None = None
    """The provider's rate, which all instances keep together; each claim gets its turn. None: there is none."""


def claim(store: Store, wanted: Wanted) -> Claimed:
    """Claim, reserve and intend in one transaction; the claims that it grants may be looked up once it returns.

    Raises:
        StoreError: nothing was claimed.
    """
    return _settle_and_claim(store, (), wanted, wanted.now).claimed


def settle(store: Store, settlements: Sequence[Settlement], now: datetime, wanted: Wanted | None = None) -> Recorded:
    """Settle lookups in one transaction: lead or miss, ledger entry, claim gone, reservation charged or released.

    A claim that expired meanwhile is in the ledger as a doubt; its late answer resolves it.

    Args:
        store: the store.
        settlements: the lookups.
        now: the present.
        wanted: is claimed in the same transaction, with what it gives back; None for nobody.

    Raises:
        StoreError: nothing was settled nor claimed; the claims stand and become doubts when their time is over.
    """
    return _settle_and_claim(store, settlements, wanted, now)


def _settle_and_claim(
    store: Store, settlements: Sequence[Settlement], wanted: Wanted | None, now: datetime
) -> Recorded:
    tokens = {key: uuid4().hex for key in sorted(wanted.keys)} if wanted else {}

    def write(connection: sa.Connection, again: bool) -> Recorded:  # noqa: FBT001 - as `Store.retry_transaction` calls it
        # A commit whose answer was lost may have succeeded. Claiming repeated blindly would reserve the credits twice,
        # and find its own claims held by somebody else. Settling repeated changes nothing: the claims are gone.
        if again:
            _take_back(connection, list(tokens.values()))
        # Others' claims are waited for before any of ours is given up: no two transactions wait for each other.
        mine = _insert(connection, wanted, tokens) if wanted else set()
        recorded, moved = _record(connection, settlements, now) if settlements else (Recorded(), NOT_MOVED)
        if wanted is None:
            ledger.move(connection, *moved)
            return recorded
        return replace(recorded, claimed=_reserve(connection, wanted, tokens, mine, moved))

    return store.retry_transaction(write)


def _insert(connection: sa.Connection, wanted: Wanted, tokens: Mapping[str, str]) -> set[str]:
    """Insert claims; return the keys of those that nobody else holds. The unique key decides between instances."""
    shared = {
        "owner": wanted.owner,
        "run_id": wanted.spender.run_id,
        "user_id": wanted.spender.user_id,
        "spreadsheet_id": wanted.spender.spreadsheet_id,
        "caps": [cap.name for cap in wanted.caps],
        "provider": wanted.provider,
        "credits": wanted.price,
        "needs": wanted.needs,
        "intended_at": wanted.now,
        # counted from the latest start
        "expires_at": wanted.now + (LIFETIME if wanted.pace is None else LIFETIME + AHEAD),
    }
    rows = [{"key": key, "token": token, **shared} for key, token in tokens.items()]
    return set(connection.scalars(_claiming(connection.dialect.name), rows))


def _reserve(
    connection: sa.Connection, wanted: Wanted, tokens: Mapping[str, str], mine: set[str], moved: Moved
) -> Claimed:
    """Reserve credits and turns for the claims that were inserted, and free those that are not to be looked up.

    Leads are read only after the insert: whoever held these claims before committed the lead and freed the claim
    together, so a lead that was paid for is seen here.
    """
    known = {
        key: by_provider
        for key, by_provider in leads.read(connection, sorted(mine), wanted.fresh, wanted.now).items()
        if _has_answered(by_provider, wanted)
    }
    asked = [key for key in wanted.keys if key in mine and key not in known]
    # The same transaction reserves: no claim is ever visible without its credits, and no credits without a claim.
    reserved = reservations.reserve(
        connection, wanted.caps, len(asked), wanted.price, pace=wanted.pace, now=wanted.now, moved=moved
    )
    count, given = len(reserved.turns), reserved.given
    refused, late = asked[count : count + reserved.refused], asked[count + reserved.refused :]
    _free(connection, [tokens[key] for key in (*known, *refused, *late)])
    granted = [
        Claim(key, tokens[key], wanted.provider, wanted.price, turn)
        for key, turn in zip(asked, reserved.turns, strict=False)
    ]
    held = [key for key in tokens if key not in mine]
    return Claimed(granted, known, held, refused, reserved.cap, late, given.again_at, given.until)


def _record(connection: sa.Connection, settlements: Sequence[Settlement], now: datetime) -> tuple[Recorded, Moved]:
    """Record what lookups have told and cost; return what is to be given back on the counters, and what was spent."""
    by_token = {settlement.claim.token: settlement for settlement in settlements}
    # Done again it changes nothing: the claims are gone, and what is in the ledger is no open doubt.
    held = _take(connection, list(by_token))
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


def expire(store: Store, now: datetime, *, keys: Sequence[str] | None = None, dead: Sequence[str] = ()) -> int:
    """Turn claims into doubts: expired ones, and those of owners that are known to be dead.

    Args:
        store: the store.
        now: the present.
        keys: only these; None for all.
        dead: owners that have ended.

    Returns:
        The number of claims.
    """
    table = schema.claims
    theirs = [table.c.owner.startswith(f"{owner}/", autoescape=True) for owner in dead]
    over = sa.or_(table.c.expires_at <= now, table.c.owner.in_(list(dead)), *theirs)
    condition = over if keys is None else sa.and_(over, table.c.key.in_(list(keys)))
    with store.reading() as connection:
        if connection.scalar(sa.select(table.c.key).where(condition).limit(1)) is None:
            return 0

    def doubt(connection: sa.Connection, _again: bool) -> int:  # noqa: FBT001 - as `Store.retry_transaction` calls it
        gone = _hold(connection, _held(condition))
        doubtful = {(row["key"], row["provider"]) for row in gone.values()} - _found_since(connection, gone.values())
        leads.learn(connection, dict.fromkeys(doubtful, Known(LeadStatus.IN_DOUBT, now)))
        ledger.append(
            connection,
            [entry_of(row, Charge(EntryKind.IN_DOUBT, row["credits"]), now) for row in gone.values()],
        )
        erasures.keep_out(connection, [row["key"] for row in gone.values()])
        _free(connection, list(gone))
        amounts = ledger.tally((row["caps"], row["credits"]) for row in gone.values())
        ledger.move(connection, amounts, amounts)
        return len(gone)

    return store.retry_transaction(doubt)


def held(connection: sa.Connection, keys: Sequence[str], provider: str) -> set[str]:
    """Return those of these keys that are claimed by anyone, with this provider."""
    table = schema.claims
    condition = table.c.key.in_(list(keys)), table.c.provider == provider
    return set(connection.scalars(sa.select(table.c.key).where(*condition)))


def shorten(connection: sa.Connection, lease: str, until: Mapping[str, datetime]) -> None:
    """Let the claims of an attempt that is silent be over sooner: by provider, once none of its answers can come.

    Who is dead never settles them. Who only stood still sends nothing any more once its lease is over, and settles by
    then what it has sent.

    Args:
        connection: a transaction.
        lease: of the attempt.
        until: when, by provider.
    """
    table = schema.claims
    for provider, at in sorted(until.items()):
        of_attempt = table.c.owner == lease, table.c.provider == provider, table.c.expires_at > at
        connection.execute(table.update().where(*of_attempt).values(expires_at=at))


def owners(store: Store) -> set[str]:
    """Return every process that holds a claim."""
    with store.reading() as connection:
        holders = connection.scalars(sa.select(schema.claims.c.owner).distinct())
        return {holder.partition("/")[0] for holder in holders}


def _has_answered(known: Mapping[str, Known], wanted: Wanted) -> bool:
    """Return whether the provider need not or must not be asked."""
    standing = known.get(EVERY_PROVIDER) or known.get(wanted.provider)
    if standing is None:
        return False
    is_retried = standing.status in wanted.retry and (
        wanted.retry_before is None or standing.learned_at < wanted.retry_before
    )
    return not is_retried and standing.answers(wanted.needs)


@cache
def _claiming(dialect: str) -> sa.Executable:
    return insert_of(dialect, schema.claims).on_conflict_do_nothing().returning(schema.claims.c.key)


def _held(condition: sa.ColumnElement[bool]) -> sa.Select[Any]:
    table = schema.claims
    return sa.select(table).where(condition).order_by(table.c.key, table.c.provider).with_for_update()


_TOKENS = schema.claims.c.token.in_(sa.bindparam("tokens", expanding=True))
_BY_TOKEN = _held(_TOKENS)
_FREE = schema.claims.delete().where(_TOKENS)
_locked = _BY_TOKEN.with_only_columns(schema.claims.c.token).cte("locked")
_TAKEN = schema.claims.delete().where(schema.claims.c.token.in_(sa.select(_locked.c.token))).returning(schema.claims)
"""Statements that every lookup needs are built once: that takes as long as to run them."""


def _hold(connection: sa.Connection, statement: sa.Select[Any]) -> dict[str, dict[str, Any]]:
    rows = connection.execute(statement).mappings()
    return {row["token"]: dict(row) for row in rows}


def _take(connection: sa.Connection, tokens: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Delete the claims of these tokens, in the order in which everybody locks them; return those there were."""
    rows = connection.execute(_TAKEN, {"tokens": list(tokens)}).mappings()
    return {row["token"]: dict(row) for row in rows}


def _take_back(connection: sa.Connection, tokens: Sequence[str]) -> None:
    """Undo claims whose commit was not confirmed, since no lookup was sent for them."""
    unheard = _take(connection, tokens)
    ledger.move(connection, ledger.tally((row["caps"], row["credits"]) for row in unheard.values()), {})


def _free(connection: sa.Connection, tokens: Sequence[str]) -> None:
    if tokens:
        connection.execute(_FREE, {"tokens": tokens})


def entry_of(source: Mapping[str, Any], charge: Charge, now: datetime) -> dict[str, Any]:
    """Make the ledger entry of a charge for a claim, or for a doubt that it resolves."""
    copied = {
        name: source[name] for name in ("token", "key", "provider", "needs", "run_id", "user_id", "spreadsheet_id")
    }
    return {"at": now, "kind": charge.kind, "credits": charge.credits, "fills": NO_NEEDS, **copied}


def open_doubts(connection: sa.Connection, tokens: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the doubts of these tokens that nothing has resolved."""
    if not tokens:
        return {}
    table = schema.ledger_entries
    rows = connection.execute(sa.select(table).where(table.c.token.in_(list(tokens)))).mappings().all()
    resolved = {row["token"] for row in rows if row["kind"] != EntryKind.IN_DOUBT}
    return {row["token"]: dict(row) for row in rows if row["token"] not in resolved}


def _found_since(connection: sa.Connection, rows: Iterable[Mapping[str, Any]]) -> set[tuple[str, str]]:
    """Return key and provider of leads that came while these claims existed: late answers to earlier lookups."""
    intended_at = {(row["key"], row["provider"]): row["intended_at"] for row in rows}
    table = schema.leads
    keys = sorted({key for key, _ in intended_at})
    found = connection.execute(
        sa.select(table.c.key, table.c.provider, table.c.learned_at).where(
            table.c.key.in_(keys), table.c.status == LeadStatus.FOUND
        )
    )
    learned_at = {(row.key, row.provider): row.learned_at for row in found}
    return {pair for pair, at in intended_at.items() if pair in learned_at and learned_at[pair] >= at}


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
