"""Sends lookups: the threads of an instance, their common rate, and the loop that retries what is free to retry."""

from __future__ import annotations

from concurrent.futures import Future

from functions.credits import retry_policy
from functions.credits.lookup_result import NoAnswer, Throttled
from functions.credits.terms import Needs
from functions.enrichment.rate_limiter import RateLimiter
from functions.errors import ProviderError
from functions.profiles import Profile
from functions.providers.contract import Answer, Provider
from functions.runtime import REAL, Runtime, StopSignal

NOT_AFTER_S = 100.0
"""A lookup that found no free thread for so long is not sent any more: its claim must outlive its retries."""


HEEDED_S = 0.1
"""Seconds between two checks whether the run was stopped, while a lookup waits."""


class CancelToken:
    """Ends the lookups of one run: somebody stopped it, or the provider refused one of them and so all.

    The thread that hears the refusal sets it, before it takes up another lookup: nothing is sent after that.
    """

    def __init__(self, stop: StopSignal, runtime: Runtime = REAL) -> None:
        self._stop, self._runtime = stop, runtime
        self._refused = runtime.event()

    def refuse(self) -> None:
        """The provider refused the whole run."""
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
    """Sends lookups, at most `concurrency` at once. One per process, shared by all the runs that go on in it."""

    def __init__(self, provider: Provider, concurrency: int, runtime: Runtime = REAL) -> None:
        self.concurrency, self.runtime = concurrency, runtime
        self.provider = provider
        self._rate_limiter = RateLimiter(concurrency, runtime)
        self._threads = runtime.pool(concurrency, name="lookup")

    def send(self, profile: Profile, needs: Needs, cancel_token: CancelToken) -> Future[Answer]:
        """Looks a claimed profile up in a thread of the pool; once the token is set it is not asked again.

        The future raises `errors.ProviderError` where the provider refused the whole run.
        """
        return self._threads.submit(self._look_up, profile, needs, cancel_token, self.runtime.monotonic())

    def close(self) -> None:
        """Waits for what is in flight, and ends threads and connections."""
        self._threads.shutdown()
        self.provider.close()

    def _look_up(self, profile: Profile, needs: Needs, cancel_token: CancelToken, queued_s: float) -> Answer:
        started_s, attempt = self.runtime.monotonic(), 1
        if started_s - queued_s > NOT_AFTER_S:
            return Answer(NoAnswer(sent=False))
        while True:
            answer = self._ask(profile, needs, cancel_token)
            elapsed_s = self.runtime.monotonic() - started_s
            verdict = retry_policy.verdict(answer.result, attempt, elapsed_s, self.runtime.random())
            # What the provider says that it charged is not sent again, whatever its status.
            if isinstance(verdict, retry_policy.GiveUp) or answer.cost or cancel_token.is_set():
                return answer
            cancel_token.wait(verdict.after_s)
            attempt += 1

    def _ask(self, profile: Profile, needs: Needs, cancel_token: CancelToken) -> Answer:
        if not self._rate_limiter.acquire(cancel_token):
            return Answer(NoAnswer(sent=False))
        try:
            answer = self.provider.look_up(profile, needs)
        except ProviderError:
            cancel_token.refuse()
            raise
        if isinstance(answer.result, Throttled):
            self._rate_limiter.slow_down(answer.result.retry_after_s)
        else:
            self._rate_limiter.speed_up()
        return answer
