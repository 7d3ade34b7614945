"""Decide whether and when a lookup is sent again. Nothing here sleeps.

Only a lookup that was certainly not charged is sent again, so a retry can never pay twice. The waits are exponential
with full jitter (each is drawn from zero up to a ceiling that doubles), which spreads callers that failed together.
"""

from __future__ import annotations

from dataclasses import dataclass

from functions.credits.lookup_result import LookupResult, NoAnswer, Throttled, Unavailable

MAX_ATTEMPTS = 5
"""Requests for one profile while the provider fails."""

MAX_THROTTLED_ATTEMPTS = 12
"""Requests for one profile while the provider says to slow down: no failure, and the shared rate adapts meanwhile."""

MAX_ELAPSED_S = 60.0
"""No attempt is decided on later than this after the first one: with one last time-out, a third of a claim's life."""

FIRST_WAIT_S = 0.5
"""The ceiling of the first wait; it doubles with each attempt."""

MAX_WAIT_S = 15.0
"""The highest ceiling."""

MAX_RETRY_AFTER_S = 30.0
"""A longer `Retry-After` is cut to this."""


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """Ask again."""

    after_s: float
    """Seconds to wait first."""


@dataclass(frozen=True, slots=True)
class GiveUp:
    """This result stands."""


Verdict = RetryAfter | GiveUp


def verdict(result: LookupResult, attempt: int, elapsed_s: float, jitter: float) -> Verdict:
    """Decide what follows from the `result` of one attempt.

    Args:
        result: the result of the attempt.
        attempt: the number of attempts so far, this one included.
        elapsed_s: seconds since the first attempt began.
        jitter: a random number in [0, 1).
    """
    match result:
        case Throttled(retry_after_s=asked_s):
            max_attempts = MAX_THROTTLED_ATTEMPTS
        case Unavailable(retry_after_s=asked_s):
            max_attempts = MAX_ATTEMPTS
        case NoAnswer(sent=False):
            asked_s, max_attempts = None, MAX_ATTEMPTS
        case _:
            return GiveUp()
    if attempt >= max_attempts:
        return GiveUp()
    after_s = min(asked_s or 0.0, MAX_RETRY_AFTER_S) + jitter * min(FIRST_WAIT_S * 2 ** (attempt - 1), MAX_WAIT_S)
    return RetryAfter(after_s) if elapsed_s + after_s <= MAX_ELAPSED_S else GiveUp()
