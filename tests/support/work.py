"""Measure how work grows with its input: as a ratio, so that neither the machine nor its load decides."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")
ATTEMPTS = 30
"""Only what looks steeper than linear is measured again, so a busy machine costs time and no failure."""
SMALLEST_S = 0.004
"""Less is lost in what any call costs."""


LINEAR = 8.0
"""The largest growth that counts as linear: half way, by factors, between 4 and 16."""


def cpu_s(work: Callable[[T], object], value: T) -> float:
    """CPU seconds of this thread for one call; errors are results, too."""
    start = time.thread_time()
    with suppress(Exception):  # a refusal is what hostile input gets, and is measured the same
        work(value)
    return time.thread_time() - start


def growth(work: Callable[[T], object], small: T, large: T) -> float:
    """Return the work for `large`, which is four times the input, over that for `small`: 4 is linear, 16 quadratic.

    Four times and not twice, since a busy neighbour on the same core makes one measurement dearer by a half or more.
    The least of some attempts, since whatever else the machine does can only add; what costs next to nothing is 1.
    """
    gc.disable()
    try:
        least = float("inf")
        first, second = float("inf"), float("inf")
        for _ in range(ATTEMPTS):
            first, second = min(first, cpu_s(work, small)), min(second, cpu_s(work, large))
            least = 1.0 if second < SMALLEST_S else second / max(first, SMALLEST_S / 4)
            if least <= LINEAR:
                break
        return least
    finally:
        gc.enable()
