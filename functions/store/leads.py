"""Leads and misses of each provider: read in batches, kept whole."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec
import sqlalchemy as sa

from functions.credits.lead_status import LeadStatus
from functions.credits.terms import NO_NEEDS, Needs
from functions.outcomes import Lead
from functions.store import erasures, schema
from functions.store.database import upsert

EVERY_PROVIDER = "*"
"""The provider of what holds for all of them: that the person was erased, or has objected."""
_FAST = 1
"""zlib's quickest level: a lead shrinks to a half, and a read of all of it costs tens of microseconds."""
_SHORT = 100
"""Bytes of JSON up to which a value is not compressed: most rows show nothing longer."""
_STATUSES = {status.value: status for status in LeadStatus}
"""An enum's own look-up takes a microsecond, and every row makes one."""
_BATCH = 1_000
"""Keys in one query."""


_URLS_OF_PEOPLE = sa.select(schema.leads.c.key, schema.leads.c.provider, schema.leads.c.person).where(
    schema.leads.c.status == LeadStatus.FOUND,
    schema.leads.c.person.in_(sa.bindparam("people", expanding=True)),
)
"""Built once: it is asked with nearly every lookup. Pairs of person and provider would make SQLite read all leads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """The periods for which leads and misses count as known."""

    lead: timedelta
    miss: timedelta


class Standing(msgspec.Struct, frozen=True, gc=False):
    """The result of one provider's last lookup of a profile, without its lead."""

    status: LeadStatus
    learned_at: datetime
    fills: Needs = NO_NEEDS
    """The needs that the lead fills; none where the last lookup found no lead."""
    under: Needs = NO_NEEDS
    """Of a miss: the needs that the request made a condition."""
    is_shared: bool = False
    """True if another URL of the same person was looked up as well, and has the same lead."""

    def answers(self, needs: Needs) -> bool:
        """Return whether asking the provider for `needs` would ask again what it has answered."""
        return not self.under or needs <= self.under


class Known(Standing, frozen=True, gc=False):
    """What the store knows about one profile from one provider."""

    packed: bytes | None = None
    packed_raw: bytes | None = None
    """None where the answer is the lead itself."""
    person: str | None = None
    """Id and name at the provider of whom the lead is about; only of what is to be recorded."""

    @property
    def lead(self) -> Lead | None:
        """The lead, normalised and whole; None where none was ever found."""
        return _unpack(self.packed)

    def lead_with(self, keys: frozenset[str]) -> Lead | None:
        """Return at least what the lead has under these keys: to unpack all of it costs ten times as much."""
        if self.packed is None:
            return None
        short, names, rest = self.packed.split(b"\n", 2)
        lead: Lead = msgspec.json.decode(short)
        if wanted := keys & _keys(names):
            values = _values(zlib.decompress(rest))
            lead |= {key: msgspec.json.decode(values[key]) for key in wanted}
        return lead

    @property
    def raw(self) -> Lead | None:
        """The provider's own answer; None where none was ever found."""
        return _unpack(self.packed_raw or self.packed)


_values = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


@lru_cache(maxsize=100)  # leads of one provider hold the same few
def _keys(names: bytes) -> frozenset[str]:
    return frozenset(msgspec.json.decode(names))


def pack(text: bytes) -> bytes:
    """Return a JSON object in the form of the store: its short values, the keys of the others, and those compressed.

    A line feed stands between the three; none is in the first two.
    """
    short: dict[str, msgspec.Raw] = {}
    rest: dict[str, msgspec.Raw] = {}
    for key, value in _values(text).items():
        part = rest if len(json := bytes(value)) > _SHORT or json[0] in b"[{" else short
        part[key] = value
    encode = msgspec.json.encode
    return b"\n".join([encode(short), encode(list(rest)), zlib.compress(encode(rest), _FAST)])


def _unpack(packed: bytes | None) -> Lead | None:
    if packed is None:
        return None
    short, _, rest = packed.split(b"\n", 2)
    lead: Lead = msgspec.json.decode(short) | msgspec.json.decode(zlib.decompress(rest))
    return lead


def read(
    connection: sa.Connection, keys: Sequence[str], fresh: Freshness, now: datetime
) -> dict[str, dict[str, Known]]:
    """Return what is known and still fresh of these keys, by provider.

    An erasure or an objection never expires, and is the only entry, under `EVERY_PROVIDER`.
    """
    known: dict[str, dict[str, Known]] = {}
    barred: dict[str, Known] = {}
    digests = erasures.digests(keys)
    for key, provider, is_shared, *standing, lead, raw in connection.execute(
        _OF_KEYS, {"keys": keys, "digests": list(digests)}
    ).all():
        status, learned_at, fills, under = _standing(*standing)
        if provider == EVERY_PROVIDER:
            barred[digests[key]] = Known(status, learned_at)
        elif _is_fresh(status, learned_at, fresh, now):
            known.setdefault(key, {})[provider] = Known(status, learned_at, fills, under, is_shared, lead, raw)
    for key, erased in barred.items():
        known.setdefault(key, {EVERY_PROVIDER: erased})
    return known


def statuses(
    connection: sa.Connection, keys: Sequence[str], fresh: Freshness, now: datetime
) -> dict[str, dict[str, Standing]]:
    """Return the same for any number of keys, without their leads."""
    table = schema.leads
    columns = (table.c.key, table.c.provider, table.c.is_shared, *_standing_columns())
    known: dict[str, dict[str, Standing]] = {}
    for start in range(0, len(keys), _BATCH):
        batch = keys[start : start + _BATCH]
        for key, provider, is_shared, *standing in connection.execute(
            sa.select(*columns).where(table.c.key.in_(batch))
        ):
            status, learned_at, fills, under = _standing(*standing)
            if _is_fresh(status, learned_at, fresh, now):
                known.setdefault(key, {})[provider] = Standing(status, learned_at, fills, under, is_shared)
        for key, erased in erasures.among(connection, [key for key in batch if key not in known]).items():
            known[key] = {EVERY_PROVIDER: Standing(erased.status, erased.at)}
    return known


def _standing_columns() -> tuple[sa.Column[Any], ...]:
    table = schema.leads
    return table.c.status, table.c.learned_at, table.c.fills, table.c.under


_LEADS_OF_KEYS = sa.select(
    schema.leads.c.key,
    schema.leads.c.provider,
    schema.leads.c.is_shared,
    *_standing_columns(),
    schema.leads.c.lead,
    schema.leads.c.raw,
).where(schema.leads.c.key.in_(sa.bindparam("keys", expanding=True)))
_ERASURES_OF_KEYS = sa.select(
    schema.erasures.c.digest,
    sa.literal_column(f"'{EVERY_PROVIDER}'"),
    sa.false(),
    sa.case(
        (schema.erasures.c.by_user_id.is_(None), sa.literal_column(f"'{LeadStatus.OPTED_OUT.value}'")),
        else_=sa.literal_column(f"'{LeadStatus.ERASED.value}'"),
    ),
    schema.erasures.c.at,
    sa.literal_column("''"),
    sa.literal_column("''"),
    sa.null(),
    sa.null(),
).where(schema.erasures.c.digest.in_(sa.bindparam("digests", expanding=True)))
_OF_KEYS = sa.union_all(_LEADS_OF_KEYS, _ERASURES_OF_KEYS)
"""One round trip for both: every lookup asks this twice."""


def _standing(
    status: str, learned_at: datetime, fills: Needs, under: Needs
) -> tuple[LeadStatus, datetime, Needs, Needs]:
    found = _STATUSES[status]
    return found, learned_at, fills if found is LeadStatus.FOUND else NO_NEEDS, under


def _is_fresh(status: LeadStatus, learned_at: datetime, fresh: Freshness, now: datetime) -> bool:
    """Return whether an entry is fresh; doubts and unreadable paid answers count as leads do: a repeat may cost."""
    return learned_at + (fresh.miss if status in (LeadStatus.MISSING, LeadStatus.REFUSED) else fresh.lead) > now


def learn(connection: sa.Connection, known: Mapping[tuple[str, str], Known]) -> set[tuple[str, str]]:
    """Record what became known, by key and provider. A lead found once is kept, whatever a later lookup comes to.

    Where another URL turns out to be the same person by the provider's own id, both have the newer lead from now on.

    Returns:
        Keys, with their provider, that share their lead with another URL.
    """
    return record(connection, known, same_people(connection, known))


def record(
    connection: sa.Connection,
    known: Mapping[tuple[str, str], Known],
    people: Iterable[set[tuple[str, str]]],
) -> set[tuple[str, str]]:
    """Record what `learn` does, where `same_people` has told who is one person; it asks nothing, and only writes."""
    shared: set[tuple[str, str]] = set()
    learned = dict(known)
    for urls in people:
        shared |= urls
        newest = known[next(url for url in sorted(urls) if url in known)]
        learned |= dict.fromkeys(urls - known.keys(), newest)
    rows = [
        {
            "key": key,
            "provider": provider,
            "status": each.status,
            "learned_at": each.learned_at,
            "lead": each.packed,
            "raw": each.packed_raw,
            "fills": each.fills,
            "under": each.under,
            "person": each.person,
            "is_shared": (key, provider) in shared,
        }
        for (key, provider), each in sorted(learned.items(), key=lambda item: item[0])
    ]
    standing = ("status", "learned_at", "under")
    whole = (*standing, "lead", "raw", "fills", "person", "is_shared")
    upsert(connection, schema.leads, [row for row in rows if row["lead"]], replace=whole)
    upsert(connection, schema.leads, [row for row in rows if not row["lead"]], replace=standing)
    return shared


def same_people(connection: sa.Connection, known: Mapping[tuple[str, str], Known]) -> Iterable[set[tuple[str, str]]]:
    """Return, of each person who is found now by several URLs or was found by another one, those URLs' keys."""
    urls: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for (key, provider), it in known.items():
        if it.person and it.status is LeadStatus.FOUND:
            urls.setdefault((it.person, provider), set()).add((key, provider))
    if not urls:
        return []
    people = sorted({person for person, _ in urls})
    for key, provider, person in connection.execute(_URLS_OF_PEOPLE, {"people": people}):
        if (person, provider) in urls and (key, provider) not in known:
            urls[person, provider].add((key, provider))
    return [of_person for of_person in urls.values() if len(of_person) > 1]
