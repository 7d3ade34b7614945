"""What one lookup at the provider came to; what it costs is decided in `charging`, what follows in `retrying`.

The statuses and bodies behind each class are those of the Slintel API documentation. Two answers are no row's
fate but the run's, and are raised instead: `errors.KeyRejected` (403) and `errors.QuotaExhausted` (429 *Limit
Exceeded*).
"""

from __future__ import annotations

from dataclasses import dataclass

from functions.outcomes import Lead


@dataclass(frozen=True, slots=True)
class Found:
    """200 with a lead."""

    lead: Lead
    raw: bytes
    """The JSON of `lead`, as it came."""


@dataclass(frozen=True, slots=True)
class Missing:
    """The provider does not know the person: 404, or a successful answer without a lead."""

    successful: bool
    """Whether the status was 2xx, which the provider charges for."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A successful answer whose body cannot be read: cut, not JSON, not an object."""


@dataclass(frozen=True, slots=True)
class Refused:
    """400 and other 4xx: this input cannot be looked up."""

    status: int


@dataclass(frozen=True, slots=True)
class Throttled:
    """429 *Too Many Requests*: the burst limit."""

    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Unavailable:
    """500, 502, 503 and other answers that are no success: transient."""

    status: int
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """No answer came, or the gateway gave up on the service behind it (504)."""

    sent: bool
    """Whether the request may have reached the provider."""


LookupResult = Found | Missing | Unreadable | Refused | Throttled | Unavailable | NoAnswer
