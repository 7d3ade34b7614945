"""The lane of one provider in a run: the people who wait to be looked up there, and whether it can be used."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import inf

from functions import logs
from functions.credits.caps import Cap, Limits, Spender, caps
from functions.credits.lead_status import LeadStatus
from functions.credits.terms import EVERY_NEED, Needs
from functions.enrichment.dispatcher import CancelToken, Dispatcher
from functions.enrichment.waterfall import Rung
from functions.errors import LeadfillError, QuotaExhausted
from functions.runtime import StopSignal
from functions.store import claims, leads
from functions.store.database import Store
from functions.store.leads import Freshness, Known
from functions.store.lookups import Claimed, Wanted

POLL_BATCH = 500
"""Profiles held by other instances that are looked at in one query."""

AHEAD_S = 0.15
"""Seconds of lookups that wait behind those that are sent, where answers are quick. A transaction that settles and
claims takes a third of that on a busy machine. No more, since a death leaves them in doubt, too."""
MOST_AHEAD = 2
"""The most of them, compared with those that are sent; there are always as many at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The store that a run counts its credits in, and on whose behalf it spends them."""

    store: Store
    limits: Limits
    fresh: Freshness
    clock: Callable[[], datetime]
    owner: str
    spender: Spender
    retry: frozenset[LeadStatus]
    retry_before: datetime | None = None
    """Those statuses are asked again about where they were learned before."""

    def read(self, keys: Sequence[str]) -> dict[str, dict[str, Known]]:
        """Return what is known and fresh of these keys, by provider."""
        with self.store.reading() as connection:
            return leads.read(connection, keys, self.fresh, self.clock())


@dataclass(slots=True, kw_only=True)
class ProviderLane(Rung):
    """A provider's lane. A key that waits in it is in exactly one of `wanted`, `held` and `doubts`."""

    dispatcher: Dispatcher
    cancel_token: CancelToken
    waits_for_limits: bool
    """True if the run waits for the end of a daily limit, and does not go on with the other providers instead."""
    wanted: dict[Needs, deque[str]] = field(default_factory=dict)
    """Keys to be claimed, by the needs that the provider is asked for."""
    held: dict[str, None] = field(default_factory=dict)
    """Keys that another instance is looking up."""
    doubts: dict[str, float] = field(default_factory=dict)
    """Keys whose lookup is in doubt, and when they are asked for again, by the runtime's clock."""
    in_flight: int = 0
    failures_in_a_row: int = 0
    cap: Cap | None = None
    """The cap that allowed less than was wanted, until more is claimed."""
    until: datetime | None = None
    """The end of the limit of an hour or a day that allowed less than was wanted, until more is claimed."""
    again_s: float = -inf
    """When there are further turns, by the runtime's clock."""

    @property
    def capacity(self) -> int:
        """Lookups in flight. Some wait behind those that are sent, so that a free thread never waits for the store."""
        answers = AHEAD_S / max(self.dispatcher.answer_times.mean_s, AHEAD_S / MOST_AHEAD)
        return int(self.dispatcher.concurrency * (1 + max(1.0, answers)))

    @property
    def room(self) -> int:
        """Return how many more may be claimed now."""
        return self.room_after(0)

    def room_after(self, settled: int) -> int:
        """Return how many more may be claimed once so many lookups in flight are settled.

        0 until it is worth a transaction of its own, until there are turns, and while what is in flight may end
        otherwise.
        """
        if self.dispatcher.runtime.monotonic() < self.again_s:
            return 0
        in_flight = self.in_flight - settled
        room = self.capacity - in_flight
        too_few = room < (1 if settled else self.capacity // 4) or self.cap is not None or self.until is not None
        return 0 if in_flight and too_few else room

    @property
    def waiting(self) -> int:
        """The number of keys to be claimed."""
        return sum(map(len, self.wanted.values()))

    @property
    def can_claim(self) -> bool:
        """Return whether anybody waits who can be claimed now."""
        return bool(self.waiting and self.room)

    def want(self, key: str, needs: Needs) -> None:
        """Puts a key at the end of the lane."""
        self.wanted.setdefault(needs, deque()).append(key)

    def leave_out(self, error: LeadfillError) -> None:
        """Ask the provider nothing more in this run, and keep the reason; the first one stands."""
        if self.left_out is None:
            self.left_out = error
            ends = isinstance(error, QuotaExhausted) and error.until is not None
            self.is_paused = ends and self.waits_for_limits
        self.cancel_token.refuse()

    def drain(self) -> Iterator[str]:
        """Takes every key out that is not in flight."""
        waiting = [*(key for keys in self.wanted.values() for key in keys), *self.held, *self.doubts]
        self.wanted.clear()
        self.held.clear()
        self.doubts.clear()
        return iter(waiting)

    def drop_withheld(self) -> Sequence[str]:
        """Remove the people whose needs the provider does not fill with this API key, as its answers have shown."""
        futile = [needs for needs in self.wanted if needs <= self.withheld]
        return [key for needs in futile for key in self.wanted.pop(needs)]

    def take(self, account: Account, *, settled: int = 0) -> Wanted | None:
        """Take out as many keys with the same needs as there is room for, once so many lookups are settled."""
        room = 0 if self.left_out is not None else self.room_after(settled)
        needs = next((needs for needs, keys in self.wanted.items() if keys), None)
        if not room or needs is None:
            return None
        keys, now, turns = self.wanted[needs], account.clock(), self.dispatcher.turns
        return Wanted(
            keys=[keys.popleft() for _ in range(min(room, len(keys)))],
            spender=account.spender,
            caps=caps(account.spender, account.limits, self.name, now),
            provider=self.name,
            price=self.dispatcher.provider.terms.max_price(EVERY_NEED),
            needs=needs,
            owner=account.owner,
            fresh=account.fresh,
            now=now,
            retry=account.retry,
            retry_before=account.retry_before,
            pace=None if turns is None else turns.paced(),
        )

    def note(self, wanted: Wanted, claimed: Claimed) -> None:
        """Note the result for keys that were taken out; granted claims count as in flight from now on."""
        self.in_flight += len(claimed.granted)
        self.held.update(dict.fromkeys(claimed.held))
        self.wanted.setdefault(wanted.needs, deque()).extendleft(reversed([*claimed.refused, *claimed.late]))
        self.cap = claimed.cap
        self._note_turns(claimed, wanted.now)

    def _note_turns(self, claimed: Claimed, now: datetime) -> None:
        """Notes when there are further turns; closes the lane where that is far away and nothing is in flight."""
        self.until = claimed.until
        if claimed.again_at is not None and claimed.until is None:
            self.again_s = self.dispatcher.runtime.monotonic() + (claimed.again_at - now).total_seconds()
        if claimed.until is not None and not self.in_flight and self.dispatcher.turns is not None:
            self.leave_out(self.dispatcher.turns.exhausted(claimed.until))

    def poll(self, account: Account) -> Iterator[tuple[str, dict[str, Known]]]:
        """Return the keys that nobody else holds any more, and what is known; an expired claim becomes a doubt."""
        keys = list(self.held)[:POLL_BATCH]
        logs.in_doubt(claims.expire(account.store, account.clock(), keys=keys))
        with account.store.reading() as connection:
            still_held = claims.held(connection, keys, self.name)
            known = leads.read(connection, keys, account.fresh, account.clock())
        for key in keys:
            if key not in still_held:
                del self.held[key]
                yield key, known.get(key, {})


def lane_of(name: str, dispatcher: Dispatcher, stop: StopSignal, *, waits_for_limits: bool) -> ProviderLane:
    """Return the empty lane of a provider; `stop` cancels the lookups in it that are not sent yet."""
    terms = dispatcher.provider.terms
    return ProviderLane(
        name=name,
        fills=terms.fills,
        repeats_are_free=terms.repeats_are_free,
        dispatcher=dispatcher,
        cancel_token=CancelToken(stop, dispatcher.runtime),
        waits_for_limits=waits_for_limits,
    )
