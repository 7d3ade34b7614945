"""The enricher: claim → intend → lookup → settle. Every credit that Leadfill spends goes through here.

Nothing is sent before its claim is committed, and every answer is settled before its row is reported. A process may die
at any point: what was committed decides who pays, and once only.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from functions import charging, standings
from functions.caps import Cap, Limits, Spender, caps
from functions.dispatching import Dispatcher, Halt
from functions.errors import CapReached, LeadfillError, ProviderError, StoreError
from functions.lookups import Found, Lead, LookupResult, NoAnswer, Throttled, Unavailable
from functions.outcomes import Outcome
from functions.processes import this_process
from functions.profiles import Profile
from functions.standings import Standing
from functions.store import claims, leads
from functions.store.claims import Claim, Settlement
from functions.store.engine import Store
from functions.store.leads import Freshness, Known

READ_BATCH = 500
"""Profiles whose standing is read in one query."""
SETTLE_BATCH = 25
"""Answers that are settled in one transaction: few, so that a crash leaves little in doubt."""
LINGER_S = 0.03
"""How long the first answer waits for others to be settled with it."""
WINDOW = 2_000
"""How far a run reads ahead of its oldest unfinished row: the bound of its memory."""
POLL_S = 0.1
"""How often the store is asked for a lead that another instance is looking up."""
RESCUES_S = (0.0, 1.0, 3.0)
"""Pauses before each further try to record what was paid for, where the store fails at the end of a run."""
CANCELLED = "The run was stopped before this row's turn; nothing was spent on it."


@dataclass(frozen=True, slots=True)
class Result:
    """How one profile of the input ended."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Enricher:
    """Answers for profiles from the store, and from the provider where the caps allow it."""

    store: Store
    dispatcher: Dispatcher
    limits: Limits
    fresh: Freshness
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    owner: str = field(default_factory=this_process)

    def enrich(
        self,
        profiles: Iterable[Profile],
        spender: Spender,
        *,
        retry: frozenset[Standing] = frozenset(),
        asked: Iterable[str] = (),
        stop: threading.Event | None = None,
    ) -> Run:
        """Starts a run; iterate over it for one `Result` a profile, as they come.

        Args:
            profiles: the input; read at most `WINDOW` ahead of the oldest unfinished one.
            spender: on whose behalf, and with which ceiling.
            retry: standings to ask again although they are known, each profile at most once in this run.
            asked: keys that `retry` has asked again already, in an earlier pass of the same run.
            stop: once set, nothing more is looked up; what is in flight is settled, the rest is `cancelled`.
        """
        return Run(self, profiles, spender, retry=retry, asked=set(asked), stop=stop or threading.Event())


class Run:
    """One pass over some profiles. Iterating drives it; when it ends, every lookup that was sent is settled.

    Iterating raises `errors.StoreError` where the store cannot be used any more.
    """

    def __init__(
        self,
        enricher: Enricher,
        profiles: Iterable[Profile],
        spender: Spender,
        *,
        retry: frozenset[Standing],
        asked: set[str],
        stop: threading.Event,
    ) -> None:
        self.stopped_by: LeadfillError | None = None
        """What ended the run early, if something did: the provider, or a cap."""
        self._enricher, self._spender, self._retry, self._stop = enricher, spender, retry, stop
        self._halt = Halt(stop)
        self._input = enumerate(profiles)
        self._exhausted = False
        self._pulled = 0
        self._rows: dict[str, list[tuple[int, Profile]]] = {}  # every unfinished row, by its profile's key
        self._unfinished: dict[int, None] = {}  # their indexes, oldest first
        # An unfinished key is in exactly one of these four:
        self._unread: list[str] = []
        self._wanted: deque[str] = deque()
        self._held: dict[str, None] = {}
        self._flight: dict[str, tuple[Claim, Future[LookupResult]]] = {}
        self._asked = asked  # what `retry` has asked again
        self._answered: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._failures_in_a_row = 0
        self._capped: Cap | None = None
        # Some lookups wait behind those in flight, so that a free thread never waits for the store.
        self._capacity = 2 * enricher.dispatcher.concurrency

    def __iter__(self) -> Generator[Result]:
        """Drives the run: read, claim, send, settle, until every row has its result."""
        try:
            while True:
                self._pull()
                if not self._rows:
                    return
                yield from self._read()
                if not self._halted:
                    yield from self._claim()
                yield from self._settle()
                yield from self._poll()
                if self._halted:
                    yield from self._cancel()
        finally:
            self._abandon()

    @property
    def _halted(self) -> bool:
        return self._stop.is_set() or self.stopped_by is not None

    @property
    def _room(self) -> int:
        """How many more may be claimed; 0 until it is worth a transaction."""
        room = self._capacity - len(self._flight)
        waits_for_cap = self._capped is not None and self._flight
        return 0 if waits_for_cap or (self._flight and room < self._capacity // 4) else room

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
            if key in known and (known[key].standing not in self._retry or key in self._asked):
                yield from self._finish_known(key, known[key])
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
            caps(self._spender, enricher.limits, now),
            owner=enricher.owner,
            fresh=enricher.fresh,
            now=now,
            retry=self._retry,
        )
        for claim in claimed.granted:
            future = enricher.dispatcher.send(self._rows[claim.key][0][1], self._halt)
            self._flight[claim.key] = (claim, future)
            future.add_done_callback(lambda _, key=claim.key: self._answered.put(key))  # type: ignore[misc] # a lambda's default has no type
        self._asked.update(claim.key for claim in claimed.granted if self._retry)
        self._held.update(dict.fromkeys(claimed.held))
        self._wanted.extendleft(reversed(claimed.refused))
        self._capped = claimed.cap
        if claimed.cap is not None and not self._flight:  # nothing of ours can give credits back any more
            self.stopped_by = CapReached(claimed.cap.name.split(":")[0], claimed.cap.limit, claimed.cap.limit)
        for key, known in claimed.known.items():
            yield from self._finish_known(key, known)

    def _settle(self) -> Iterator[Result]:
        """Settles the answers that are there; waits for one where nothing else is to do."""
        busy = self._unread or (self._wanted and self._room and not self._halted)
        done = self._collect(wait=not busy)
        if not done:
            return
        flights = [self._flight[key] for key in done]
        answers = [self._answer(future) for _, future in flights]
        now = self._enricher.clock()
        settlements = [_settlement(claim, answer) for (claim, _), answer in zip(flights, answers, strict=True)]
        try:
            claims.settle(self._enricher.store, settlements, now)
        except StoreError:
            for key in done:  # paid for perhaps, and not recorded: `_abandon` tries again
                self._answered.put(key)
            raise
        for key in done:
            del self._flight[key]
        for settlement, answer in zip(settlements, answers, strict=True):
            yield from self._finish(settlement, answer, now)

    def _collect(self, *, wait: bool) -> list[str]:
        done: list[str] = []
        until_s = time.monotonic() + POLL_S
        while len(done) < min(SETTLE_BATCH, len(self._flight)):
            try:
                done.append(self._answered.get(wait, max(0.0, until_s - time.monotonic())))
            except queue.Empty:
                break
            if len(done) == 1:
                until_s = time.monotonic() + LINGER_S
        return done

    def _answer(self, future: Future[LookupResult]) -> LookupResult | None:
        """The answer of a lookup; None where it was not made, or was refused with the whole run: both cost nothing."""
        if future.cancelled():
            return None
        try:
            result = future.result()
        except ProviderError as error:
            self.stopped_by = self.stopped_by or error
            return None
        if result == NoAnswer(sent=False) and self._halt.is_set():
            return None
        failed = isinstance(result, NoAnswer | Unavailable | Throttled)
        self._failures_in_a_row = self._failures_in_a_row + 1 if failed else 0
        if self._failures_in_a_row >= max(20, 2 * self._enricher.dispatcher.concurrency):
            self.stopped_by = self.stopped_by or ProviderError(
                f"Slintel gave no answer to {self._failures_in_a_row} lookups in a row, so the run stopped. "
                "Start it again later: what was paid for is kept."
            )
        return result

    def _finish(self, settlement: Settlement, answer: LookupResult | None, now: datetime) -> Iterator[Result]:
        outcome, detail = Outcome.CANCELLED, str(self.stopped_by or CANCELLED)
        if answer is not None:
            outcome, detail = standings.outcome_of_answer(answer)
        known = Known(settlement.standing, now, settlement.packed) if settlement.standing else None
        for index, profile in self._rows.pop(settlement.claim.key):
            del self._unfinished[index]
            yield Result(index, profile, outcome, known, detail)
            if outcome is Outcome.ENRICHED:
                outcome = Outcome.KNOWN  # one lookup is one `enriched`; the person's other rows were free

    def _finish_known(self, key: str, known: Known) -> Iterator[Result]:
        outcome, detail = standings.outcome_of_known(known.standing)
        for index, profile in self._rows.pop(key):
            del self._unfinished[index]
            yield Result(index, profile, outcome, known, detail)

    def _poll(self) -> Iterator[Result]:
        """Looks whether what other instances are looking up has come; a claim past its time becomes a doubt."""
        if not self._held or self._wanted or self._unread:
            return
        if not self._flight:
            self._stop.wait(POLL_S)
        enricher, keys = self._enricher, list(self._held)[:READ_BATCH]
        claims.expire(enricher.store, enricher.clock(), keys=keys)
        with enricher.store.reading() as connection:
            still_held = claims.held(connection, keys)
            known = leads.read(connection, keys, enricher.fresh, enricher.clock())
        for key in keys:
            if key in still_held:
                continue
            del self._held[key]
            if key in known:
                yield from self._finish_known(key, known[key])
            else:  # given back without an answer: our turn
                self._wanted.append(key)

    def _cancel(self) -> Iterator[Result]:
        """Reports what will not be looked up any more, and calls back what was not sent yet."""
        if not isinstance(self.stopped_by, CapReached):
            for _, future in self._flight.values():
                future.cancel()
        keys = [*self._wanted, *self._held]
        self._wanted.clear()
        self._held.clear()
        for key in keys:
            for index, profile in self._rows.pop(key):
                del self._unfinished[index]
                yield Result(index, profile, Outcome.CANCELLED, None, str(self.stopped_by or CANCELLED))

    def _abandon(self) -> None:
        """However the iteration ends, nothing that was sent stays unsettled while the store can be written."""
        for _, future in self._flight.values():
            future.cancel()
        self._wanted.clear()
        for pause_s in RESCUES_S:
            time.sleep(pause_s)
            try:
                while self._flight:
                    for _result in self._settle():
                        pass
            except StoreError:
                continue
            return
        self._flight.clear()  # the claims stand; they become doubts when their time is over


def _settlement(claim: Claim, answer: LookupResult | None) -> Settlement:
    if answer is None:
        return Settlement(claim, charging.Charge(charging.EntryKind.RELEASED, Decimal(0)), None)
    packed = leads.pack(answer.raw) if isinstance(answer, Found) else None
    return Settlement(claim, charging.charge(answer), standings.of(answer), packed)
