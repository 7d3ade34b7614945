"""The enricher: claim → intend → lookup → settle. Every credit that Leadfill spends goes through here.

Nothing is sent before its claim is committed, and every answer is settled before its row is reported. A process may die
at any point: what was committed decides who pays, and once only.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from functions import logs
from functions.credits import lead_status
from functions.credits.caps import Cap, Limits, Spender, caps
from functions.credits.lead_status import LeadStatus
from functions.credits.terms import EVERY_NEED
from functions.enrichment.dispatcher import Dispatcher
from functions.enrichment.in_flight import InFlightLookups, Settled
from functions.errors import CapReached, LeadfillError
from functions.fields import Facts
from functions.outcomes import NOT_REACHED, Lead, Outcome
from functions.profiles import Profile
from functions.runtime import REAL, Event
from functions.store import claims, leads
from functions.store.database import Store
from functions.store.leads import EVERY_PROVIDER, Freshness, Known
from functions.store.owners import this_process

READ_BATCH = 500
"""Profiles whose status is read in one query."""
WINDOW = 2_000
"""Rows that a run reads ahead of its oldest unfinished one: the bound of its memory."""
POLL_S = 0.1
"""Seconds between two looks into the store for a lead that another instance is looking up."""


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one profile of the input."""

    index: int
    """Its place in the input, from 0."""
    profile: Profile
    outcome: Outcome
    known: Known | None = None
    detail: str = ""
    """A sentence for the person who reads the row; empty where the outcome says it all."""

    @property
    def lead(self) -> Lead | None:
        """The lead, where there is one to show."""
        return self.known.lead if self.known and self.outcome in (Outcome.ENRICHED, Outcome.KNOWN) else None

    @property
    def facts(self) -> Facts:
        """Return what Leadfill itself knows of a row with this result."""
        learned_at = self.known.learned_at if self.known and self.lead is not None else None
        return Facts(status=self.outcome, enriched_at=learned_at, linkedin_url=self.profile.url)


@dataclass(frozen=True, slots=True, kw_only=True)
class Enricher:
    """Answers for profiles from the store, and from the provider where the caps allow it."""

    store: Store
    dispatcher: Dispatcher
    limits: Limits
    fresh: Freshness
    clock: Callable[[], datetime] = REAL.now
    owner: str = field(default_factory=this_process)

    def enrich(
        self,
        profiles: Iterable[Profile],
        spender: Spender,
        *,
        retry: frozenset[LeadStatus] = frozenset(),
        asked: Iterable[tuple[str, str]] = (),
        stop: Event | None = None,
    ) -> EnrichmentPass:
        """Starts a run; iterate over it for one `Result` a profile, as they come.

        Args:
            profiles: the input; read at most `WINDOW` ahead of the oldest unfinished one.
            spender: on whose behalf, and with which ceiling.
            retry: statuses to ask again although they are known, each profile at most once in this run.
            asked: key and provider of those that `retry` has asked again already, in an earlier pass of the same run.
            stop: once set, nothing more is looked up; what is in flight is settled, the rest is `cancelled`.
        """
        stop = stop or self.dispatcher.runtime.event()
        return EnrichmentPass(self, profiles, spender, retry=retry, asked=set(asked), stop=stop)


class EnrichmentPass:
    """One pass over some profiles. Iterating drives it; when it ends, every lookup that was sent is settled.

    Iterating raises `errors.StoreError` where the store cannot be used any more.
    """

    def __init__(
        self,
        enricher: Enricher,
        profiles: Iterable[Profile],
        spender: Spender,
        *,
        retry: frozenset[LeadStatus],
        asked: set[tuple[str, str]],
        stop: Event,
    ) -> None:
        self._enricher, self._spender, self._retry, self._stop = enricher, spender, retry, stop
        self._flights = InFlightLookups(enricher.store, enricher.dispatcher, enricher.clock, stop)
        self._input = enumerate(profiles)
        self._exhausted = False
        self._pulled = 0
        self._rows: dict[str, list[tuple[int, Profile]]] = {}  # every unfinished row, by its profile's key
        self._unfinished: dict[int, None] = {}  # their indexes, oldest first
        # An unfinished key is in flight, or in exactly one of these three:
        self._unread: list[str] = []
        self._wanted: deque[str] = deque()
        self._held: dict[str, None] = {}
        self._provider = enricher.dispatcher.provider
        self._asked = asked  # what `retry` has asked again
        self._capped: Cap | None = None
        self._over: CapReached | None = None

    def __iter__(self) -> Generator[Result]:
        """Drives the run: read, claim, send, settle, until every row has its result."""
        try:
            while True:
                self._pull()
                if not self._rows:
                    return
                yield from self._read()
                if not self._is_stopping:
                    yield from self._claim()
                yield from self._settle()
                yield from self._poll()
                if self._is_stopping:
                    yield from self._cancel()
        finally:
            self._flights.abandon()

    @property
    def stopped_by(self) -> LeadfillError | None:
        """The error that ended the run early, if any: the provider, or a cap."""
        return self._flights.stopped_by or self._over

    @property
    def _is_stopping(self) -> bool:
        return self._stop.is_set() or self.stopped_by is not None

    @property
    def _room(self) -> int:
        """Return how many more may be claimed now: none while a cap may still be given back what is in flight."""
        return 0 if self._capped is not None and self._flights else self._flights.room

    def _of_provider(self, known: Mapping[str, Known]) -> Known | None:
        return known.get(EVERY_PROVIDER) or known.get(self._provider.name)

    def _pull(self) -> None:
        while not self._exhausted and len(self._unread) < READ_BATCH and len(self._wanted) < READ_BATCH:
            if self._unfinished and self._pulled - next(iter(self._unfinished)) >= WINDOW:
                return
            entry = next(self._input, None)
            if entry is None:
                self._exhausted = True
                return
            index, profile = entry
            self._pulled = index + 1
            self._unfinished[index] = None
            if profile.key not in self._rows:
                self._rows[profile.key] = []
                self._unread.append(profile.key)
            self._rows[profile.key].append((index, profile))

    def _read(self) -> Iterator[Result]:
        """Answers from the store what it knows."""
        if not self._unread:
            return
        enricher = self._enricher
        with enricher.store.reading() as connection:
            known = leads.read(connection, self._unread, enricher.fresh, enricher.clock())
        keys, self._unread = self._unread, []
        for key in keys:
            standing = self._of_provider(known.get(key, {}))
            if standing and (standing.status not in self._retry or (key, self._provider.name) in self._asked):
                yield from self._finish_known(key, standing)
            else:
                self._wanted.append(key)

    def _claim(self) -> Iterator[Result]:
        """Claims as many as there is room for, and sends them once their claims are durable."""
        keys = [self._wanted.popleft() for _ in range(min(self._room, len(self._wanted)))]
        if not keys:
            return
        enricher, now = self._enricher, self._enricher.clock()
        claimed = claims.claim(
            enricher.store,
            keys,
            self._spender,
            caps(self._spender, enricher.limits, self._provider.name, now),
            provider=self._provider.name,
            price=self._provider.terms.max_price(EVERY_NEED),
            owner=enricher.owner,
            fresh=enricher.fresh,
            now=now,
            retry=self._retry,
        )
        for claim in claimed.granted:
            self._flights.send(claim, self._rows[claim.key][0][1])
        self._asked.update((claim.key, claim.provider) for claim in claimed.granted if self._retry)
        self._held.update(dict.fromkeys(claimed.held))
        self._wanted.extendleft(reversed(claimed.refused))
        self._capped = claimed.cap
        if claimed.cap is not None and not self._flights:  # nothing of ours can give credits back any more
            self._over = CapReached(claimed.cap.name.split(":")[0], claimed.cap.limit, claimed.cap.limit)
        for key, known in claimed.known.items():
            if standing := self._of_provider(known):
                yield from self._finish_known(key, standing)

    def _settle(self) -> Iterator[Result]:
        """Settles the answers that are there; waits for one where nothing else is to do."""
        is_busy = self._unread or (self._wanted and self._room and not self._is_stopping)
        for settled in self._flights.settle(wait=not is_busy):
            yield from self._finish(settled)

    def _finish(self, settled: Settled) -> Iterator[Result]:
        outcome, detail = Outcome.CANCELLED, str(self.stopped_by or NOT_REACHED)
        if settled.answer is not None:
            outcome, detail = lead_status.outcome_of_answer(settled.answer)
        settlement = settled.settlement
        known = settlement.known(settled.at)
        for index, profile in self._rows.pop(settlement.claim.key):
            del self._unfinished[index]
            yield Result(index, profile, outcome, known, detail)
            if outcome is Outcome.ENRICHED:
                outcome = Outcome.KNOWN  # one lookup is one `enriched`; the person's other rows were free

    def _finish_known(self, key: str, known: Known) -> Iterator[Result]:
        outcome, detail = lead_status.outcome_of_known(known.status)
        for index, profile in self._rows.pop(key):
            del self._unfinished[index]
            yield Result(index, profile, outcome, known, detail)

    def _poll(self) -> Iterator[Result]:
        """Looks whether what other instances are looking up has come; a claim past its time becomes a doubt."""
        if not self._held or self._wanted or self._unread:
            return
        if not self._flights:
            self._stop.wait(POLL_S)
        enricher, keys = self._enricher, list(self._held)[:READ_BATCH]
        logs.in_doubt(claims.expire(enricher.store, enricher.clock(), keys=keys))
        with enricher.store.reading() as connection:
            still_held = claims.held(connection, keys, self._provider.name)
            known = leads.read(connection, keys, enricher.fresh, enricher.clock())
        for key in keys:
            if key in still_held:
                continue
            del self._held[key]
            if standing := self._of_provider(known.get(key, {})):
                yield from self._finish_known(key, standing)
            else:  # given back without an answer: our turn
                self._wanted.append(key)

    def _cancel(self) -> Iterator[Result]:
        """Reports what will not be looked up any more, and calls back what was not sent yet."""
        if not isinstance(self.stopped_by, CapReached):
            self._flights.recall()
        keys = [*self._wanted, *self._held]
        self._wanted.clear()
        self._held.clear()
        for key in keys:
            for index, profile in self._rows.pop(key):
                del self._unfinished[index]
                yield Result(index, profile, Outcome.CANCELLED, None, str(self.stopped_by or NOT_REACHED))
