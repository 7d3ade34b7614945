"""Lookups in flight: the threads of an instance, their common pace, and the loop that retries what is free to retry."""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor

import tenacity

from functions import retrying
from functions.lookups import LookupResult, NoAnswer, Throttled
from functions.pacing import Pace
from functions.profiles import Profile
from functions.slintel import Slintel

NOT_AFTER_S = 100.0
"""A lookup that found no free thread for so long is not sent any more: its claim must outlive its retries."""


class Dispatcher:
    """Sends lookups, at most `concurrency` at once. One per process, shared by all the runs that go on in it."""

    def __init__(self, slintel: Slintel, concurrency: int) -> None:
        self.concurrency = concurrency
        self._slintel = slintel
        self._pace = Pace(concurrency)
        self._threads = ThreadPoolExecutor(concurrency, thread_name_prefix="lookup")

    def send(self, profile: Profile, stop: threading.Event) -> Future[LookupResult]:
        """Looks a claimed profile up in a thread of the pool; once `stop` is set it is not asked again.

        The future raises `errors.ProviderError` where the provider refused the whole run.
        """
        return self._threads.submit(self._look_up, profile, stop, time.monotonic())

    def close(self) -> None:
        """Waits for what is in flight, and ends threads and connections."""
        self._threads.shutdown()
        self._slintel.close()

    def _look_up(self, profile: Profile, stop: threading.Event, queued_s: float) -> LookupResult:
        started_s = time.monotonic()
        if started_s - queued_s > NOT_AFTER_S:
            return NoAnswer(sent=False)

        def decide(state: tenacity.RetryCallState) -> bool:
            if state.outcome is None or state.outcome.failed or stop.is_set():
                return False
            elapsed_s = time.monotonic() - started_s
            jitter = random.random()  # noqa: S311 - spreads retries, protects nothing
            verdict = retrying.verdict(state.outcome.result(), state.attempt_number, elapsed_s, jitter)
            state.kwargs["waits"].append(verdict.after_s if isinstance(verdict, retrying.RetryAfter) else 0.0)
            return isinstance(verdict, retrying.RetryAfter)

        def pause(seconds: float) -> None:
            stop.wait(seconds)

        loop = tenacity.Retrying(
            retry=decide,
            wait=lambda state: state.kwargs["waits"][-1],
            sleep=pause,
            reraise=True,
        )
        waits: list[float] = []
        return loop(self._ask, profile, stop, waits=waits)

    def _ask(self, profile: Profile, stop: threading.Event, *, waits: list[float]) -> LookupResult:  # noqa: ARG002 - the loop's own state
        with self._pace.turn(stop) as granted:
            if not granted:
                return NoAnswer(sent=False)
            result = self._slintel.look_up(profile)
        if isinstance(result, Throttled):
            self._pace.slow_down(result.retry_after_s)
        else:
            self._pace.speed_up()
        return result
