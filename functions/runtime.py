"""Time, randomness, waiting and threads behind one interface, so that a simulator can run days in moments.

Whatever waits, draws or runs beside something else asks a `Runtime` for it. Locks stay plain ones: nothing waits while
it holds one. What waits on a real socket keeps the socket's own time.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class StopSignal(Protocol):
    """A signal that something shall end."""

    def is_set(self) -> bool:
        """Return whether the signal was given."""

    def wait(self, timeout: float, /) -> bool:
        """Sleep for this number of seconds, or until the signal is given; return whether it was."""


class Event(StopSignal, Protocol):
    """A `threading.Event`, or what behaves like one."""

    def set(self) -> None:
        """Wake all threads that wait."""

    def clear(self) -> None:
        """Reset the event, so that later calls of `wait` wait again."""


class Thread(Protocol):
    """A `threading.Thread` that was started, or what behaves like one."""

    def join(self, timeout: float | None = None, /) -> None:
        """Waits until it has ended, or for so many seconds."""


class Pool(Protocol):
    """A `ThreadPoolExecutor`, or what behaves like one."""

    def submit(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Runs some work in a thread of the pool, as soon as one is free.

        Raises:
            RuntimeError: this process is about to end.
        """

    def shutdown(self) -> None:
        """Waits for what was submitted, and ends the threads."""


class Runtime:
    """This machine's clocks, threads and randomness."""

    def now(self) -> datetime:
        """The present by this machine's clock, which may be wrong and may be set; aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never go back, from any start."""
        return time.monotonic()

    def random(self) -> float:
        """Return a number in [0, 1), for spreading waits; not for secrets."""
        return random.random()  # noqa: S311 - see above

    def sleep(self, seconds: float) -> None:
        """Waits."""
        time.sleep(seconds)

    def event(self) -> Event:
        """A new event, not set."""
        return threading.Event()

    def spawn(self, work: Callable[[], object], *, name: str) -> Thread:
        """Runs some work in a thread of its own, which does not keep the process alive."""
        thread = threading.Thread(target=work, name=name, daemon=True)
        thread.start()
        return thread

    def pool(self, size: int, *, name: str) -> Pool:
        """A new pool of so many threads."""
        from concurrent.futures import ThreadPoolExecutor

        return ThreadPoolExecutor(size, thread_name_prefix=name)

    def after(self, seconds: float, work: Callable[[], object], *, name: str) -> Callable[[], None]:
        """Run some work after this number of seconds; return a function that cancels it."""
        called_off = self.event()

        def wait() -> None:
            if not called_off.wait(seconds):
                work()

        self.spawn(wait, name=name)
        return called_off.set


REAL = Runtime()
"""The runtime of everything but simulations."""
