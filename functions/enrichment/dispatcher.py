"""Sends lookups: the threads of an instance, their common rate, and the loop that retries what cannot be charged."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass

from functions.credits import retry_policy
from functions.credits.lookup_result import NoAnswer, Throttled
from functions.credits.pacing import Turn
from functions.credits.terms import Needs
from functions.enrichment.answer_times import AnswerTimes
from functions.enrichment.rate_limiter import RateLimiter
from functions.enrichment.turns import Turns
from functions.errors import ProviderError, QuotaExhausted, StoreError
from functions.profiles import Profile
from functions.providers.contract import Answer, Provider
from functions.runtime import REAL, Runtime, StopSignal

NOT_AFTER_S = 100.0
"""A lookup that found no free thread for so long is not sent any more: its claim must outlive its retries."""


HEEDED_S = 0.1
"""Seconds between two checks whether the run was stopped, while a lookup waits."""


class CancelToken:
    """Ends the lookups of one run: a person stopped it, or the provider refused a lookup in a way that concerns all.

    The thread that receives the refusal sets it before it starts another lookup: nothing is sent after that.
    """

    def __init__(self, stop: StopSignal, runtime: Runtime = REAL) -> None:
        self._stop, self._runtime = stop, runtime
        self._refused = runtime.event()

    def refuse(self) -> None:
        """Record that the provider refused the whole run."""
        self._refused.set()

    def is_set(self) -> bool:
        """Return whether nothing more may be sent."""
        return self._refused.is_set() or self._stop.is_set()

    def wait(self, timeout: float, /) -> bool:
        """Sleeps for so many seconds, or until it is set."""
        until_s = self._runtime.monotonic() + timeout
        while not self.is_set() and (left_s := until_s - self._runtime.monotonic()) > 0:
            self._stop.wait(min(left_s, HEEDED_S))
        return self.is_set()


class Dispatcher:
    """Sends lookups, at most `concurrency` at once. One per provider and process, shared by all runs in it."""

    def __init__(
        self, provider: Provider, concurrency: int, runtime: Runtime = REAL, *, turns: Turns | None = None
    ) -> None:
        """Starts no thread yet.

        Args:
            provider: whom to ask.
            concurrency: the most lookups in flight.
            runtime: waits and threads.
            turns: the rate that all instances keep together; None: there is none.
        """
        self.concurrency, self.runtime = concurrency, runtime
        self.provider, self.turns = provider, turns
        self.answer_times = AnswerTimes()
        self._rate_limiter = RateLimiter(concurrency, runtime)
        self._threads = runtime.pool(concurrency, name="lookup")

    def send(
        self, profile: Profile, needs: Needs, cancel_token: CancelToken, turn: Turn | None = None
    ) -> Future[Answer]:
        """Looks a claimed profile up in a thread of the pool; once the token is set it is not asked again.

        A request without a turn, such as a retry, takes its own. The future raises `errors.ProviderError` where the
        provider refused the whole run.
        """
        lookup = _Lookup(profile, needs, cancel_token)
        return self._threads.submit(self._look_up, lookup, turn, self.runtime.monotonic())

    def close(self) -> None:
        """Waits for what is in flight, and ends threads and connections."""
        self._threads.shutdown()
        self.provider.close()

    def _look_up(self, lookup: _Lookup, turn: Turn | None, queued_s: float) -> Answer:
        started_s, attempt, cancel_token = self.runtime.monotonic(), 1, lookup.cancel_token
        if started_s - queued_s > NOT_AFTER_S:
            return Answer(NoAnswer(sent=False))
        while True:
            answer = self._ask(lookup, turn)
            elapsed_s = self.runtime.monotonic() - started_s
            verdict = retry_policy.verdict(answer.result, attempt, elapsed_s, self.runtime.random())
            # What the provider says that it charged is not sent again, whatever its status.
            if isinstance(verdict, retry_policy.GiveUp) or answer.cost or cancel_token.is_set():
                return answer
            cancel_token.wait(verdict.after_s)
            attempt, turn = attempt + 1, None

    def _ask(self, lookup: _Lookup, turn: Turn | None) -> Answer:
        """Send one request in its turn; an answer that ends the run sets the token before the next request is sent."""
        cancel_token, turns = lookup.cancel_token, self.turns
        try:
            if turns is not None and not cancel_token.is_set():
                turn = turn or turns.next()
                cancel_token.wait(turns.seconds_to(turn))
            if (slowdowns := self._rate_limiter.acquire(cancel_token)) is None:
                return Answer(NoAnswer(sent=False))
            answer = self._timed(lookup)
        except QuotaExhausted as error:
            cancel_token.refuse()
            if turns is not None and turn is not None:
                raise turns.refused(turn, error) from error
            raise
        except ProviderError:
            cancel_token.refuse()
            raise
        except StoreError:  # no turn, and so nothing is sent
            return Answer(NoAnswer(sent=False))
        if isinstance(answer.result, Throttled):
            self._rate_limiter.slow_down(slowdowns, answer.result.retry_after_s)
            return answer
        self._rate_limiter.speed_up()
        if turns is not None and turn is not None and turn.is_probe and not isinstance(answer.result, NoAnswer):
            turns.answered()
        return answer

    def _timed(self, lookup: _Lookup) -> Answer:
        began_s = self.runtime.monotonic()
        answer = self.provider.look_up(lookup.profile, lookup.needs)
        self.answer_times.add(self.runtime.monotonic() - began_s)
        return answer


@dataclass(frozen=True, slots=True)
class _Lookup:
    """A lookup that is to be made."""

    profile: Profile
    needs: Needs
    cancel_token: CancelToken
