"""No more lookups are in flight than allowed, and transient failures are retried until a result stands."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from functions.credits.lookup_result import LookupResult, Missing, NoAnswer, Unavailable
from functions.credits.retry_policy import MAX_ATTEMPTS
from functions.credits.terms import EVERY_NEED, Needs
from functions.enrichment.dispatcher import CancelToken, Dispatcher
from functions.errors import KeyRejected
from functions.profiles import Profile
from functions.providers.contract import Answer
from functions.providers.slintel import Slintel
from functions.runtime import REAL, Runtime
from tests.support.enrichers import people

GONE = Missing(successful=False)


class Provider(Slintel):
    """Gives these answers in turn, then the last one again and again."""

    def __init__(self, *answers: LookupResult | Exception, takes_s: float = 0.0) -> None:
        super().__init__("http://127.0.0.1", "key", concurrency=1, timeout_s=1)
        self.answers, self.takes_s = list(answers), takes_s
        self.asked = self.most_at_once = self._now = 0
        self._lock = threading.Lock()

    def look_up(self, profile: Profile, needs: Needs = EVERY_NEED) -> Answer:
        assert profile
        assert needs
        with self._lock:
            self.asked += 1
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        threading.Event().wait(self.takes_s)
        with self._lock:
            self._now -= 1
        if isinstance(answer, Exception):
            raise answer
        return Answer(answer)


class Impatient(Runtime):
    """Jitter that lets nobody wait."""

    def random(self) -> float:
        return 0.0


@contextmanager
def dispatching(provider: Provider, concurrency: int = 1) -> Iterator[Dispatcher]:
    dispatcher = Dispatcher(provider, concurrency, Impatient())
    try:
        yield dispatcher
    finally:
        dispatcher.close()


def test_no_more_lookups_at_once_than_are_allowed() -> None:
    provider, token = Provider(GONE, takes_s=0.002), CancelToken(REAL.event())
    with dispatching(provider, concurrency=3) as dispatcher:
        for future in [dispatcher.send(profile, EVERY_NEED, token) for profile in people(60)]:
            assert future.result() == Answer(GONE)
    assert (provider.asked, provider.most_at_once) == (60, 3)


@pytest.mark.parametrize(
    ("answers", "asked", "stands"),
    [
        ((GONE,), 1, GONE),
        ((Unavailable(503), NoAnswer(sent=False), GONE), 3, GONE),
        ((Unavailable(503),), MAX_ATTEMPTS, Unavailable(503)),
        ((NoAnswer(sent=True), GONE), 1, NoAnswer(sent=True)),
    ],
)
def test_what_passes_is_asked_again(answers: tuple[LookupResult, ...], asked: int, stands: LookupResult) -> None:
    provider = Provider(*answers)
    with dispatching(provider) as dispatcher:
        assert dispatcher.send(people(1)[0], EVERY_NEED, CancelToken(REAL.event())).result() == Answer(stands)
    assert provider.asked == asked


def test_after_a_refusal_of_the_whole_run_nothing_is_sent() -> None:
    provider, token = Provider(KeyRejected(), GONE), CancelToken(REAL.event())
    with dispatching(provider) as dispatcher:
        with pytest.raises(KeyRejected):
            dispatcher.send(people(1)[0], EVERY_NEED, token).result()
        assert dispatcher.send(people(1)[0], EVERY_NEED, token).result() == Answer(NoAnswer(sent=False))
    assert provider.asked == 1


def test_a_run_that_is_stopped_asks_nobody_again() -> None:
    stop = REAL.event()
    provider = Provider(Unavailable(503, retry_after_s=30.0))
    with dispatching(provider) as dispatcher:
        future = dispatcher.send(people(1)[0], EVERY_NEED, CancelToken(stop))
        stop.set()
        assert future.result(timeout=20).result in (Unavailable(503, retry_after_s=30.0), NoAnswer(sent=False))
    assert provider.asked <= 1
