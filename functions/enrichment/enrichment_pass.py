"""One pass over some profiles: decides which provider is asked about whom, until every row has its result."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain

from functions.credits.caps import CapUse, cap_sentence
from functions.credits.lead_status import BARRED, LeadStatus
from functions.credits.lookup_result import LookupResult
from functions.credits.terms import Needs
from functions.enrichment import waterfall
from functions.enrichment.in_flight import InFlightLookups, Settled
from functions.enrichment.provider_lane import Account, ProviderLane
from functions.enrichment.result import Result
from functions.errors import CapReached, DearerThanTerms, LeadfillError, ProviderError, QuotaExhausted
from functions.outcomes import Outcome
from functions.profiles import Profile
from functions.runtime import Event, Runtime
from functions.store import claims, doubts
from functions.store.leads import EVERY_PROVIDER, Known
from functions.store.lookups import Claimed, Wanted

READ_BATCH = 500
"""Profiles whose status is read in one query."""
WINDOW = 2_000
"""Rows that a run reads ahead of its oldest unfinished one: the bound of its memory."""
POLL_S = 0.1
"""Seconds between two looks into the store for a lead that another instance is looking up."""
DOUBT_RESTS_S = 10.0
"""Seconds after the provider's time-out in which a lookup in doubt may still be under way there."""
MAX_REPEATS = 3
"""Times that a run asks again about a doubt."""


@dataclass(slots=True)
class _Person:
    """A person whose rows are unfinished."""

    rows: list[tuple[int, Profile]] = field(default_factory=list)
    known: dict[str, Known] = field(default_factory=dict)
    answers: dict[str, LookupResult] = field(default_factory=dict)
    """Of this pass, by provider."""
    asked: set[str] = field(default_factory=set)
    """Providers that are not asked any more, whatever is known of their answers."""
    repeats: int = 0


class EnrichmentPass:
    """One pass over some profiles. Iterating drives it; when it ends, every lookup that was sent is settled.

    Iterating raises `errors.StoreError` where the store cannot be used any more.
    """

    def __init__(
        self,
        account: Account,
        lanes: Mapping[str, ProviderLane],
        profiles: Iterable[Profile],
        *,
        needs: Needs,
        go_on: bool,
        asked: frozenset[tuple[str, str]],
        runtime: Runtime,
        stop: Event,
    ) -> None:
        self._account, self._lanes, self._needs, self._go_on = account, lanes, needs, go_on
        self._asked, self._runtime, self._stop = asked, runtime, stop
        self._flights = InFlightLookups(account.store, account.clock, runtime, stop)
        self._input = enumerate(profiles)
        self._exhausted = False
        self._pulled = 0
        # A person here is in flight, in `_unread`, or in exactly one lane.
        self._people: dict[str, _Person] = {}
        self._unread: list[str] = []
        self._unfinished: dict[int, None] = {}  # indexes of rows, oldest first

    def __iter__(self) -> Generator[Result]:
        """Drives the run: read, claim, send, settle, until every row has its result."""
        try:
            while True:
                self._pull()
                if not self._people:
                    return
                yield from self._read()
                if self.stopped_by is None and not self._stop.is_set():
                    yield from self._claim()
                    self._repeat()
                yield from self._settle()
                yield from self._poll()
                yield from self._leave_out()
        finally:
            self._flights.abandon()

    @property
    def left_out(self) -> dict[str, LeadfillError]:
        """The providers that are not asked any more in this run, and why."""
        return {name: lane.left_out for name, lane in self._lanes.items() if lane.left_out is not None}

    @property
    def stopped_by(self) -> LeadfillError | None:
        """The error that ended the run early, if any: the run may not go on without its provider, or none is left."""
        closed = [lane for lane in self._lanes.values() if lane.left_out is not None]
        if not self._go_on:
            for lane in closed:
                is_fatal = isinstance(lane.left_out, ProviderError) and not isinstance(lane.left_out, DearerThanTerms)
                if is_fatal and not lane.is_paused:
                    return lane.left_out
        return self.waits_for or closed[0].left_out if len(closed) == len(self._lanes) else None

    @property
    def waits_for(self) -> QuotaExhausted | None:
        """The provider's limit that some people wait for, if any; of several, the one that ends first."""
        errors = [lane.left_out for lane in self._lanes.values() if isinstance(lane.left_out, QuotaExhausted)]
        ends = {error.until: error for error in errors if error.until is not None}
        is_over = not self._go_on or len(self.left_out) == len(self._lanes)
        return ends[min(ends)] if ends and is_over else None

    @property
    def is_waiting(self) -> bool:
        """True once somebody has to be looked up: further results take longer than a query to the store.

        May be called from other threads.
        """
        return any(lane.in_flight or lane.wanted or lane.held or lane.doubts for lane in self._lanes.values())

    @property
    def _is_stopping(self) -> bool:
        return self._stop.is_set() or self.stopped_by is not None

    def _pull(self) -> None:
        lanes = [lane for lane in self._lanes.values() if lane.left_out is None]
        if lanes and min(lane.waiting for lane in lanes) >= READ_BATCH:
            return
        while not self._exhausted and len(self._unread) < READ_BATCH:
            if self._unfinished and self._pulled - next(iter(self._unfinished)) >= WINDOW:
                return
            entry = next(self._input, None)
            if entry is None:
                self._exhausted = True
                return
            index, profile = entry
            self._pulled = index + 1
            self._unfinished[index] = None
            person = self._people.get(profile.key)
            if person is None:
                person = self._people[profile.key] = _Person()
                self._unread.append(profile.key)
            person.rows.append((index, profile))

    def _read(self) -> Iterator[Result]:
        """Query the store first: a person with a fresh answer there is not looked up."""
        if not self._unread:
            return
        keys, self._unread = self._unread, []
        known = self._account.read(keys)
        for key in keys:
            person = self._people[key]
            person.known = known.get(key, {})
            if self._asked:
                person.asked = {name for name in self._lanes if (key, name) in self._asked}
            yield from self._advance(key)

    def _advance(self, key: str) -> Iterator[Result]:
        """Put a person into the lane of the next provider, or report the results of their rows."""
        person = self._people[key]
        step = waterfall.next_step(
            person.known, self._lanes, self._needs, retry=self._account.retry, asked=person.asked
        )
        if step is None or self._is_stopping or self._lanes[step.provider].is_paused:
            yield from self._finish(key, unfinished=step is not None)
            return
        lane, standing = self._lanes[step.provider], person.known.get(step.provider)
        if standing is None or not lane.is_free_doubt(standing):
            lane.want(key, step.needs)
            return
        # The lookup may still be under way at the provider: asked too early, both would be charged.
        rested_s = (self._account.clock() - standing.learned_at).total_seconds()
        rests_s = lane.dispatcher.provider.timeout_s + DOUBT_RESTS_S - rested_s
        lane.doubts[key] = self._runtime.monotonic() + rests_s

    def _claim(self) -> Iterator[Result]:
        """Claim as many people as there is room for, and send their lookups once the claims are durable."""
        for lane in self._lanes.values():
            for key in lane.drop_withheld():
                yield from self._advance(key)
            for _ in list(lane.wanted):
                if (wanted := lane.take(self._account)) is not None:
                    yield from self._take_up(lane, wanted, claims.claim(self._account.store, wanted))

    def _take_up(self, lane: ProviderLane, wanted: Wanted, claimed: Claimed) -> Iterator[Result]:
        """Sends the lookups that were granted, now that their claims are durable."""
        lane.note(wanted, claimed)
        for claim in claimed.granted:
            self._flights.send(claim, self._people[claim.key].rows[0][1], lane, wanted.needs)
        for key, known in claimed.known.items():
            self._people[key].known = known
            self._people[key].asked.add(lane.name)  # else a doubt that came just now would be wanted again
            yield from self._advance(key)
        if claimed.cap is not None and not lane.in_flight:  # nothing of ours can give credits back any more
            name, limit = claimed.cap.name.split(":")[0], claimed.cap.limit
            said = cap_sentence(CapUse(claimed.cap, limit), self._account.clock(), in_run=True)
            lane.leave_out(CapReached(name, limit, limit, said))

    def _repeat(self) -> None:
        """Asks again about doubts, where a repeat is free; the credits of the doubt are the reservation."""
        now_s = self._runtime.monotonic()
        for lane in self._lanes.values():
            due = [key for key, due_s in lane.doubts.items() if due_s <= now_s][: lane.room]
            if not due:
                continue
            with self._account.store.reading() as connection:
                asked = doubts.of_people(connection, due, lane.name)
            for key in due:
                del lane.doubts[key]
                person = self._people[key]
                person.repeats += 1
                if person.repeats >= MAX_REPEATS:
                    person.asked.add(lane.name)
                if key in asked:
                    lane.in_flight += 1
                    claim, needs = asked[key]
                    self._flights.send(claim, person.rows[0][1], lane, needs, is_repeat=True)
                else:  # another instance has resolved it
                    self._unread.append(key)

    def _settle(self) -> Iterator[Result]:
        """Settle the answers that have come and claim the next people; wait for one if there is nothing else to do."""
        is_busy = self._unread or (not self._is_stopping and any(lane.can_claim for lane in self._lanes.values()))
        next_: list[tuple[ProviderLane, Wanted]] = []

        def take(settled: Mapping[str, int]) -> Wanted | None:
            next_.extend(self._take(settled))
            return next_[0][1] if next_ else None

        ended, claimed = self._flights.settle(wait=not is_busy, take=take)
        for one in ended:
            self._learn(one)
        for lane, wanted in next_:
            yield from self._take_up(lane, wanted, claimed)
        for one in ended:
            yield from self._advance(one.settlement.claim.key)

    def _take(self, settled: Mapping[str, int]) -> Iterator[tuple[ProviderLane, Wanted]]:
        """Take the people to claim next, of the first lane that has room once so many lookups of each are settled."""
        for lane in self._lanes.values():
            if self._is_stopping:
                return
            if lane.withheld.isdisjoint(chain.from_iterable(lane.wanted)) and (
                wanted := lane.take(self._account, settled=settled.get(lane.name, 0))
            ):
                yield lane, wanted
                return

    def _learn(self, settled: Settled) -> None:
        claim = settled.settlement.claim
        person, lane = self._people[claim.key], self._lanes[claim.provider]
        if settled.answer is None:
            return
        known = settled.known()
        standing = person.known.get(claim.provider)
        is_repeat = standing is not None and lane.is_free_doubt(standing)
        if known is None and is_repeat:
            known = Known(LeadStatus.IN_DOUBT, settled.at)  # the repeat told nothing: the doubt stands
        person.answers[claim.provider] = settled.answer
        if known is not None and known.status in BARRED:
            person.known = {EVERY_PROVIDER: known}
        elif known is not None:
            person.known[claim.provider] = known
        # A repeat has the condition of the lookup in doubt: a miss under it does not answer who needs more.
        is_too_narrow = is_repeat and known and not known.answers(waterfall.open_needs(person.known, self._needs))
        if known is None or not (lane.is_free_doubt(known) or is_too_narrow):
            person.asked.add(claim.provider)

    def _poll(self) -> Iterator[Result]:
        """Check whether results of other instances' lookups have come."""
        lanes = self._lanes.values()
        if self._unread or any(lane.can_claim for lane in lanes):
            return
        if not self._flights and any(lane.held or lane.doubts or lane.waiting for lane in lanes):
            self._stop.wait(self._pause_s())
        for lane in lanes:
            if lane.held and not lane.waiting:
                for key, known in lane.poll(self._account):
                    self._people[key].known = known
                    yield from self._advance(key)

    def _pause_s(self) -> float:
        """Return the seconds until there is something to do; lookups of other instances are checked often."""
        lanes = [lane for lane in self._lanes.values() if lane.left_out is None]
        if any(lane.held for lane in lanes):
            return POLL_S
        turns = [lane.again_s for lane in lanes if lane.waiting]
        doubts = [due_s for lane in lanes for due_s in lane.doubts.values()]
        return max(POLL_S, min([*turns, *doubts], default=0.0) - self._runtime.monotonic())

    def _leave_out(self) -> Iterator[Result]:
        """Move people out of closed lanes: to the next provider or, if the run ends, to their results."""
        if self._is_stopping and not isinstance(self.stopped_by, CapReached):
            self._flights.recall()
        for lane in self._lanes.values():
            if lane.left_out is not None or self._is_stopping:
                for key in lane.drain():
                    yield from self._advance(key)

    def _finish(self, key: str, *, unfinished: bool) -> Iterator[Result]:
        person = self._people.pop(key)
        known = person.known
        if len(known) > 1:
            known = {name: known[name] for name in (*self._lanes, *known) if name in known}
        end = waterfall.ending(known, person.answers, self._lanes, self._needs, stopped_by=self.stopped_by)
        outcome = end.outcome
        for index, profile in person.rows:
            del self._unfinished[index]
            yield Result(
                index,
                profile,
                outcome,
                known,
                end.detail,
                skipped=end.skipped,
                doubtful=end.doubtful,
                unfinished=unfinished,
            )
            if outcome is Outcome.ENRICHED:
                outcome = Outcome.KNOWN  # one lookup is one `enriched`; the person's other rows were free
