"""Lookups in flight: claimed, sent, and settled together as their answers come, whichever provider gives them.

A lookup that was sent stays here until it is settled, even if the store fails for a moment.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import inf

import msgspec

from functions import logs
from functions.credits import lead_status, pricing
from functions.credits.lead_status import LeadStatus
from functions.credits.lookup_result import Found, LookupResult, Missing, NoAnswer, Throttled, Unavailable
from functions.credits.needs import filled_by
from functions.credits.pricing import EntryKind
from functions.credits.terms import Needs
from functions.enrichment.provider_lane import ProviderLane
from functions.errors import DearerThanTerms, ProviderError, StoreError, counted
from functions.outcomes import Lead
from functions.profiles import Profile
from functions.providers.contract import Answer
from functions.runtime import Event, Runtime
from functions.store import claims, doubts, leads
from functions.store.database import Store
from functions.store.leads import Known
from functions.store.lookups import Claim, Claimed, Recorded, Settlement, Wanted

SETTLE_BATCH = 100
"""The most answers that are settled in one transaction: few, so that a crash leaves little in doubt."""
SETTLE_FEW, SETTLE_SHARE = 8, 3 / 8
"""Answers that are settled at once, and the share of those in flight: what waits behind those that are sent is half."""
LINGER_S = 0.2
"""Seconds that the first answer waits for others to be settled with it."""
POLL_S = 0.1
"""Seconds to wait for an answer before other work is looked at."""
MAX_PERSON = 500
"""Letters of a person's id and name together; a longer one is none."""
RESCUES_S = (0.0, 1.0, 3.0)
"""Pauses before each further try to record what was paid for, where the store fails at the end of a run."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A lookup that is settled."""

    settlement: Settlement
    answer: LookupResult | None
    """None where the lookup was not made, or was refused with the whole run: both cost nothing."""
    at: datetime
    recorded: Recorded = field(default_factory=Recorded)

    def known(self) -> Known | None:
        """Return what is known from now on; None if nothing was learned."""
        claim, erased = self.settlement.claim, self.recorded.erased.get(self.settlement.claim.key)
        if erased is not None:
            return Known(erased.status, erased.at)
        known = self.settlement.known(self.at)
        is_shared = (claim.key, claim.provider) in self.recorded.shared
        return msgspec.structs.replace(known, is_shared=True) if known and is_shared else known


@dataclass(frozen=True, slots=True)
class _Flight:
    claim: Claim
    lane: ProviderLane
    future: Future[Answer]
    is_repeat: bool
    """True if an earlier lookup of the person is in doubt, and the provider is asked again for nothing."""


class InFlightLookups:
    """The lookups in flight of one run, of all its lanes."""

    def __init__(self, store: Store, clock: Callable[[], datetime], runtime: Runtime, stop: Event) -> None:
        self._store, self._clock, self._runtime, self._stop = store, clock, runtime, stop
        self._flying: dict[str, _Flight] = {}  # by the token of the claim
        self._answered: deque[str] = deque()  # tokens; appended by the threads that send
        self._enough, self._are_enough = 1, runtime.event()

    def __len__(self) -> int:
        return len(self._flying)

    def send(
        self, claim: Claim, profile: Profile, lane: ProviderLane, needs: Needs, *, is_repeat: bool = False
    ) -> None:
        """Sends a lookup whose claim is committed, or one that asks again about a doubt."""
        try:
            future = lane.dispatcher.send(profile, needs, lane.cancel_token, claim.turn)
        except RuntimeError:  # this process is about to end, and starts nothing any more
            self._stop.set()
            future = Future()
            future.set_result(Answer(NoAnswer(sent=False)))
        self._flying[claim.token] = _Flight(claim, lane, future, is_repeat)
        future.add_done_callback(lambda _: self._put(claim.token))

    def settle(
        self, *, wait: bool, take: Callable[[Mapping[str, int]], Wanted | None] = lambda _: None
    ) -> tuple[Sequence[Settled], Claimed]:
        """Settle the answers that have come, and claim the next people in the same transaction.

        Args:
            wait: whether to wait for the first answer a moment.
            take: gives those who are to be claimed, from the number of lookups that are settled by provider. It is
                asked once it is known which providers can still be used.

        Raises:
            StoreError: nothing could be recorded; the lookups stay in flight.
        """
        done = self._collect(wait=wait)
        if not done:
            return (), Claimed()
        now = self._clock()
        settled: list[Settled] = []
        firsts: list[Settlement] = []
        repeats: list[Settlement] = []
        for flight in (self._flying[token] for token in done):
            answer = _answer_of(flight)
            settlement = settlement_of(flight.claim, answer)
            if flight.lane.repeats_are_free:
                settlement = replace(settlement, repeats_are_free=True)
            _check_price(flight.lane, settlement)
            settled.append(Settled(settlement, answer.result if answer else None, now))
            (repeats if flight.is_repeat else firsts).append(settlement)
        wanted = take(Counter(self._flying[token].lane.name for token in done))
        try:
            of_repeats = doubts.resolve(self._store, repeats, now) if repeats else Recorded()
            # Last, since what it claims has to be sent.
            of_firsts = claims.settle(self._store, firsts, now, wanted) if firsts or wanted else Recorded()
        except StoreError:
            self._answered.extend(done)  # paid for perhaps, and not recorded: `abandon` tries again
            raise
        for token in done:
            self._flying.pop(token).lane.in_flight -= 1
        logs.in_doubt(sum(one.charge.kind is EntryKind.IN_DOUBT for one in firsts))
        recorded = Recorded(of_firsts.shared | of_repeats.shared, of_firsts.erased | of_repeats.erased)
        told = [replace(one, recorded=recorded) for one in settled] if recorded != Recorded() else settled
        return told, of_firsts.claimed

    def recall(self) -> None:
        """Cancel the lookups that were not sent yet."""
        for flight in self._flying.values():
            flight.lane.cancel_token.refuse()
            flight.future.cancel()

    def abandon(self) -> None:
        """Settle everything that was sent, however the run ends, as long as the store can be written."""
        self.recall()
        for pause_s in RESCUES_S:
            self._runtime.sleep(pause_s)
            try:
                while self._flying:
                    self.settle(wait=True)
            except StoreError:
                continue
            return
        self._flying.clear()  # the claims stand; they become doubts when their time is over

    def _collect(self, *, wait: bool) -> list[str]:
        """Takes the tokens of lookups that have ended; with `wait`, those that end within a moment as well."""
        share = max(SETTLE_FEW, int(SETTLE_SHARE * len(self._flying)))
        if wait and self._flying and self._await(1, POLL_S):
            self._await(min(share, SETTLE_BATCH, len(self._flying)), LINGER_S)
        return [self._answered.popleft() for _ in range(min(SETTLE_BATCH, len(self._answered)))]

    def _await(self, count: int, timeout_s: float) -> bool:
        """Waits until so many lookups have ended, without being woken by each."""
        self._enough = count
        self._are_enough.clear()
        if len(self._answered) < count:  # one that ends from here on sees what is enough
            self._are_enough.wait(timeout_s)
        return bool(self._answered)

    def _put(self, token: str) -> None:
        """Called by the thread in which a lookup has ended."""
        self._answered.append(token)
        if len(self._answered) >= self._enough:
            self._are_enough.set()


def settlement_of(claim: Claim, answer: Answer | None) -> Settlement:
    """Return the settlement of a claim by its answer, or by none."""
    if answer is None:
        return Settlement(claim, pricing.NOTHING, None, was_sent=False)
    result, charge = answer.result, pricing.charge(answer.result, answer.cost, claim.credits)
    status = lead_status.of(result)
    if isinstance(result, Found):
        raw = leads.pack(result.raw)
        lead = raw if result.raw_is_lead else leads.pack(msgspec.json.encode(result.lead))
        kept_raw = None if result.raw_is_lead else raw
        if result.is_other_person:
            return Settlement(claim, charge, status, lead, kept_raw)
        return Settlement(claim, charge, status, lead, kept_raw, filled_by(result.lead), person=_person(result.lead))
    if isinstance(result, Missing):
        return Settlement(claim, charge, status, under=result.under)
    if status is None and charge.kind is EntryKind.CHARGED:  # paid for all the same, and not to be paid for again
        status = LeadStatus.UNREADABLE
    return Settlement(claim, charge, status)


def _person(lead: Lead) -> str | None:
    """The provider's id of the person, with the name: an id alone that stood for nobody would make all people one."""
    told, name = lead.get("id"), lead.get("name")
    if not isinstance(told, str) or not isinstance(name, str) or not told.strip() or not name.strip():
        return None
    person = f"{told.strip()} {name.strip().casefold()}"
    return person if len(person) <= MAX_PERSON and "\0" not in person else None  # PostgreSQL keeps no text with a NUL


def _answer_of(flight: _Flight) -> Answer | None:
    """Return the answer of a lookup that has ended; the lane learns from it whether its provider can still be used."""
    lane = flight.lane
    if flight.future.cancelled():
        return None
    try:
        answer = flight.future.result()
    except ProviderError as error:
        lane.leave_out(error)
        return None
    if answer.result == NoAnswer(sent=False) and lane.cancel_token.is_set():
        return None
    if flight.claim.turn is not None and flight.claim.turn.is_probe:
        lane.again_s = -inf  # nobody waits for its answer any more
    lane.withheld |= answer.withheld
    failed = isinstance(answer.result, NoAnswer | Unavailable | Throttled)
    lane.failures_in_a_row = lane.failures_in_a_row + 1 if failed else 0
    if lane.failures_in_a_row >= max(20, 2 * lane.dispatcher.concurrency):
        lane.leave_out(
            ProviderError(
                f"{lane.label} did not answer {lane.failures_in_a_row} lookups in a row, so the run stopped. "
                "Start it again later: what was paid for is kept."
            )
        )
    return answer


def _check_price(lane: ProviderLane, settlement: Settlement) -> None:
    """Leaves a provider out that charges more than its terms say: more was spent than was reserved."""
    charged, reserved = settlement.charge.credits, settlement.claim.credits
    if charged > reserved:
        lane.leave_out(
            DearerThanTerms(
                f"{lane.label} charged {counted(charged, 'credit')} for a lookup that costs at most "
                f"{counted(reserved, 'credit')} by its terms, so it is not asked any more. What it charged is "
                "recorded; compare it with your contract before you start again."
            )
        )
