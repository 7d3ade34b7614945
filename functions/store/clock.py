"""The clock that all instances share: the database's."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from functions.errors import StoreError
from functions.runtime import Runtime

TRUSTED_S = 60
"""Seconds for which this machine is trusted to count as the database does."""
STRANGE = timedelta(seconds=1)
"""If this machine's two clocks differ by more, it was suspended or set."""


@dataclass(frozen=True, slots=True)
class _Moment:
    """One moment, read from three clocks."""

    there: datetime
    """The database's."""
    here: datetime
    """This machine's; may be wrong, and may be set."""
    counted_s: float
    """This process's; never goes back, and may stand still while the machine is suspended."""


class SharedClock:
    """The time of the database, asked for once a minute and extrapolated in between; safe to share between threads.

    An instance whose own clock is ahead would treat the live claims of others as expired, turn them into doubts and let
    their people be paid for again.

    Args:
        ask: gives the database's time; raises `StoreError`.
        runtime: this machine's clocks.
    """

    def __init__(self, ask: Callable[[], datetime], runtime: Runtime) -> None:
        self._ask, self._runtime = ask, runtime
        self._lock = threading.Lock()
        self._last: _Moment | None = None

    def now(self) -> datetime:
        """The present.

        Raises:
            StoreError: the database cannot be asked, and there is no answer from before to count on from.
        """
        with self._lock:
            if self._last is not None and self._passed_s(self._last) < TRUSTED_S and not self._is_strange(self._last):
                return self._later(self._last)
            try:
                self._last = self._moment(self._ask)
            except StoreError:
                if self._last is None or self._is_strange(self._last):
                    raise
            return self._later(self._last)

    def read(self, ask: Callable[[], datetime]) -> None:
        """Ask the database by another way than the usual one, whose answer counts as much."""
        with self._lock:
            self._last = self._moment(ask)

    def forked(self) -> SharedClock:
        """Return the clock of a forked child: the lock is its parent's, and the machine's clocks are the same."""
        mine = SharedClock(self._ask, self._runtime)
        mine._last = self._last
        return mine

    def _moment(self, ask: Callable[[], datetime]) -> _Moment:
        before_s = self._runtime.monotonic()
        there = ask()
        return _Moment(there, self._runtime.now(), (before_s + self._runtime.monotonic()) / 2)

    def _is_strange(self, moment: _Moment) -> bool:
        return abs(self._runtime.now() - moment.here - timedelta(seconds=self._passed_s(moment))) > STRANGE

    def _later(self, moment: _Moment) -> datetime:
        return moment.there + timedelta(seconds=self._passed_s(moment))

    def _passed_s(self, moment: _Moment) -> float:
        return self._runtime.monotonic() - moment.counted_s
