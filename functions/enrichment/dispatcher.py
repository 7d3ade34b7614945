"""Lookups in flight: the threads of an instance, their common pace, and the loop that retries what is free to retry."""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor

from functions.credits import retry_policy
from functions.credits.lookup_result import LookupResult, NoAnswer, Throttled
from functions.credits.terms import EVERY_NEED
from functions.enrichment.rate_limiter import RateLimiter
from functions.errors import ProviderError
from functions.profiles import Profile
from functions.providers.contract import Provider

NOT_AFTER_S = 100.0
"""A lookup that found no free thread for so long is not sent any more: its claim must outlive its retries."""


HEEDED_S = 0.1
"""How often one who waits looks whether the run was stopped."""


class CancelToken:
    """Ends the lookups of one run: somebody stopped it, or the provider refused one of them and so all.

    The thread that hears the refusal sets it, before it takes up another lookup: nothing is sent after that.
    """

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._refused = threading.Event()

    def refuse(self) -> None:
        """The provider refused the whole run."""
        self._refused.set()

    def is_set(self) -> bool:
        """Whether nothing more may be sent."""
        return self._refused.is_set() or self._stop.is_set()

    def wait(self, timeout: float) -> bool:
        """Sleeps for so many seconds, or until it is set."""
        until_s = time.monotonic() + timeout
        while not self.is_set() and (left_s := until_s - time.monotonic()) > 0:
            self._stop.wait(min(left_s, HEEDED_S))
        return self.is_set()


class Dispatcher:
    """Sends lookups, at most `concurrency` at once. One per process, shared by all the runs that go on in it."""

    def __init__(self, provider: Provider, concurrency: int) -> None:
        self.concurrency = concurrency
        self._provider = provider
        self._pace = RateLimiter(concurrency)
        self._threads = ThreadPoolExecutor(concurrency, thread_name_prefix="lookup")

    def send(self, profile: Profile, cancel_token: CancelToken) -> Future[LookupResult]:
        """Looks a claimed profile up in a thread of the pool; once `halt` is set it is not asked again.

        The future raises `errors.ProviderError` where the provider refused the whole run.
        """
        return self._threads.submit(self._look_up, profile, cancel_token, time.monotonic())

    def close(self) -> None:
        """Waits for what is in flight, and ends threads and connections."""
        self._threads.shutdown()
        self._provider.close()

    def _look_up(self, profile: Profile, cancel_token: CancelToken, queued_s: float) -> LookupResult:
        started_s, attempt = time.monotonic(), 1
        if started_s - queued_s > NOT_AFTER_S:
            return NoAnswer(sent=False)
        while True:
            result = self._ask(profile, cancel_token)
            jitter = random.random()  # noqa: S311 - spreads retries, protects nothing
            verdict = retry_policy.verdict(result, attempt, time.monotonic() - started_s, jitter)
            if isinstance(verdict, retry_policy.GiveUp) or cancel_token.is_set():
                return result
            cancel_token.wait(verdict.after_s)
            attempt += 1

    def _ask(self, profile: Profile, cancel_token: CancelToken) -> LookupResult:
        with self._pace.turn(cancel_token) as granted:
            if not granted:
                return NoAnswer(sent=False)
            try:
                result = self._provider.look_up(profile, EVERY_NEED).result
            except ProviderError:
                cancel_token.refuse()
                raise
        if isinstance(result, Throttled):
            self._pace.slow_down(result.retry_after_s)
        else:
            self._pace.speed_up()
        return result
