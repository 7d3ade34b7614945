"""Lookups in flight: claimed, sent, and settled together as their answers come.

What was sent stays here until it is settled, also where the store fails for a moment.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime

import msgspec

from functions import logs
from functions.credits import lead_status, pricing
from functions.credits.lead_status import LeadStatus
from functions.credits.lookup_result import Found, LookupResult, Missing, NoAnswer, Throttled, Unavailable
from functions.credits.pricing import EntryKind
from functions.credits.terms import NO_NEEDS, filled_by
from functions.enrichment.dispatcher import CancelToken, Dispatcher
from functions.errors import DearerThanTerms, ProviderError, StoreError, counted
from functions.profiles import Profile
from functions.providers.contract import Answer
from functions.runtime import Event, Mailbox
from functions.store import claims, leads
from functions.store.claims import Claim, Settlement
from functions.store.database import Store

SETTLE_BATCH = 25
"""Answers that are settled in one transaction: few, so that a crash leaves little in doubt."""
LINGER_S = 0.03
"""Seconds that the first answer waits for others to be settled with it."""
POLL_S = 0.1
"""Seconds to wait for an answer before other work is looked at."""
RESCUES_S = (0.0, 1.0, 3.0)
"""Pauses before each further try to record what was paid for, where the store fails at the end of a run."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A lookup that is settled."""

    settlement: Settlement
    answer: LookupResult | None
    """None where the lookup was not made, or was refused with the whole run: both cost nothing."""
    at: datetime


class InFlightLookups:
    """The lookups in flight of one run."""

    def __init__(self, store: Store, dispatcher: Dispatcher, clock: Callable[[], datetime], stop: Event) -> None:
        self.stopped_by: ProviderError | None = None
        """The provider's error that ends the run, if any."""
        self._store, self._dispatcher, self._clock = store, dispatcher, clock
        self._runtime = dispatcher.runtime
        self._stop, self._cancel_token = stop, CancelToken(stop, self._runtime)
        self._flying: dict[str, tuple[Claim, Future[Answer]]] = {}
        self._answered: Mailbox[str] = self._runtime.mailbox()
        self._failures_in_a_row = 0
        # Some lookups wait behind those in flight, so that a free thread never waits for the store.
        self._capacity = 2 * dispatcher.concurrency

    def __len__(self) -> int:
        return len(self._flying)

    @property
    def room(self) -> int:
        """Return how many more may be sent; 0 until it is worth a transaction."""
        room = self._capacity - len(self._flying)
        return 0 if self._flying and room < self._capacity // 4 else room

    def send(self, claim: Claim, profile: Profile) -> None:
        """Sends a lookup whose claim is committed."""
        try:
            future = self._dispatcher.send(profile, self._cancel_token)
        except RuntimeError:  # this process is about to end, and starts nothing any more
            self._stop.set()
            future = Future()
            future.set_result(Answer(NoAnswer(sent=False)))
        self._flying[claim.key] = (claim, future)
        future.add_done_callback(lambda _: self._answered.put(claim.key))

    def settle(self, *, wait: bool) -> Sequence[Settled]:
        """Settles the answers that are there; with `wait`, waits for the first one a moment.

        Raises:
            StoreError: they could not be recorded; they stay in flight.
        """
        done = self._collect(wait=wait)
        if not done:
            return ()
        now = self._clock()
        settled = []
        for claim, future in (self._flying[key] for key in done):
            answer = self._answer(future)
            settlement = settlement_of(claim, answer)
            self._check_price(settlement)
            settled.append(Settled(settlement, answer.result if answer else None, now))
        try:
            claims.settle(self._store, [one.settlement for one in settled], now)
        except StoreError:
            for key in done:  # paid for perhaps, and not recorded: `abandon` tries again
                self._answered.put(key)
            raise
        for key in done:
            del self._flying[key]
        logs.in_doubt(sum(one.settlement.charge.kind is EntryKind.IN_DOUBT for one in settled))
        return settled

    def recall(self) -> None:
        """Calls back what was not sent yet."""
        for _, future in self._flying.values():
            future.cancel()

    def abandon(self) -> None:
        """However a run ends, nothing that was sent stays unsettled while the store can be written."""
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
        done: list[str] = []
        until_s = self._runtime.monotonic() + POLL_S
        while len(done) < min(SETTLE_BATCH, len(self._flying)):
            try:
                done.append(self._answered.get(wait, max(0.0, until_s - self._runtime.monotonic())))
            except queue.Empty:
                break
            if len(done) == 1:
                until_s = self._runtime.monotonic() + LINGER_S
        return done

    def _answer(self, future: Future[Answer]) -> Answer | None:
        if future.cancelled():
            return None
        try:
            answer = future.result()
        except ProviderError as error:
            self.stopped_by = self.stopped_by or error
            return None
        result = answer.result
        if result == NoAnswer(sent=False) and self._cancel_token.is_set():
            return None
        failed = isinstance(result, NoAnswer | Unavailable | Throttled)
        self._failures_in_a_row = self._failures_in_a_row + 1 if failed else 0
        if self._failures_in_a_row >= max(20, self._capacity):
            self.stopped_by = self.stopped_by or ProviderError(
                f"Slintel gave no answer to {self._failures_in_a_row} lookups in a row, so the run stopped. "
                "Start it again later: what was paid for is kept."
            )
        return answer

    def _check_price(self, settlement: Settlement) -> None:
        """Stops a provider that charges more than its terms say: more was spent than was reserved."""
        charged, reserved = settlement.charge.credits, settlement.claim.credits
        if charged > reserved:
            self.stopped_by = self.stopped_by or DearerThanTerms(
                f"{settlement.claim.provider} charged {counted(charged, 'credit')} for a lookup that costs at most "
                f"{counted(reserved, 'credit')} by its terms, so the run stopped. What it charged is recorded; compare "
                "it with your contract before you start again."
            )


def settlement_of(claim: Claim, answer: Answer | None) -> Settlement:
    """Return the settlement of a claim by its answer, or by none."""
    if answer is None:
        return Settlement(claim, pricing.NOTHING, None, was_sent=False)
    result, charge = answer.result, pricing.charge(answer.result, answer.cost, claim.credits)
    status = lead_status.of(result)
    if isinstance(result, Found):
        raw = leads.pack(result.raw)
        lead = raw if result.raw_is_lead else leads.pack(msgspec.json.encode(result.lead))
        fills = NO_NEEDS if result.is_other_person else filled_by(result.lead)
        return Settlement(claim, charge, status, lead, None if result.raw_is_lead else raw, fills)
    if isinstance(result, Missing):
        return Settlement(claim, charge, status, under=result.under)
    if status is None and charge.kind is EntryKind.CHARGED:  # paid for all the same, and not to be paid for again
        status = LeadStatus.UNREADABLE
    return Settlement(claim, charge, status)
