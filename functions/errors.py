"""The errors that Leadfill raises on purpose; each class's docstring is its default sentence.

LeadfillError
├ InvalidRequest 400       NotAProfile(reason) · UnknownField · BadRange
├ AccessError              Unauthenticated 401 · Forbidden 403
├ NotFound 404
├ Conflict 409             WrongJobState · PlanChanged
├ CapReached 429           cap, limit, used
├ ProviderError 502        KeyRejected · QuotaExhausted · DearerThanTerms (each stops the run)
├ SheetError 502           SheetAccessExpired · SheetGone · SheetBusy
├ StoreError 503           cause chained
└ SettingsError            names every bad variable at once

Callers read the attributes, never the text: `slug` (stable, the `type` of the HTTP problem), `status` (HTTP) and
`retry_after_s`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar


def counted(count: int | Decimal, noun: str, plural: str = "") -> str:
    """Write a number with its noun: `1 credit`, `1,000 credits`, `2 people`."""
    return f"{Decimal(count):,f} {noun if count == 1 else plural or f'{noun}s'}"


class LeadfillError(Exception):
    """Something went wrong in Leadfill; nothing more was spent."""

    slug: ClassVar[str] = "error"
    status: ClassVar[int] = 500

    def __init__(self, sentence: str = "", *, retry_after_s: float | None = None) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(sentence or " ".join((type(self).__doc__ or "").split()))


class InvalidRequest(LeadfillError):
    """The request cannot be understood; correct it and send it again."""

    slug = "invalid-request"
    status = 400


class NotAProfile(InvalidRequest):
    """This cell does not hold the LinkedIn URL of a person."""

    slug = "not-a-profile"

    def __init__(self, reason: str, sentence: str = "") -> None:
        super().__init__(sentence)
        self.reason = reason


class UnknownField(InvalidRequest):
    """There is no such field; the sidebar and docs/fields.md list them all."""

    slug = "unknown-field"


class BadRange(InvalidRequest):
    """The range must be one column of a sheet, such as `Leads!A2:A500`."""

    slug = "bad-range"


class AccessError(LeadfillError):
    """Access was refused; ask the owner of the deployment to allow it."""

    slug = "access"
    status = 403


class Unauthenticated(AccessError):
    """Sign in first: the request carries no valid identity."""

    slug = "unauthenticated"
    status = 401


class Forbidden(AccessError):
    """This account may not do that; ask the owner of the deployment to allow it."""

    slug = "forbidden"


class NotFound(LeadfillError):
    """There is nothing at this address; check it, or reload the sidebar."""

    slug = "not-found"
    status = 404


class Conflict(LeadfillError):
    """The request does not fit the present state; reload and try again."""

    slug = "conflict"
    status = 409


class WrongJobState(Conflict):
    """The run's present state does not allow this; reload and look again."""

    slug = "wrong-job-state"


class PlanChanged(Conflict):
    """The plan has become more expensive since you confirmed it; look at the new plan first."""

    slug = "plan-changed"


class CapReached(LeadfillError):
    """A credit cap is reached; nothing more is spent until it is raised or its period ends."""

    slug = "cap-reached"
    status = 429

    def __init__(self, cap: str, limit: Decimal, used: Decimal, sentence: str = "") -> None:
        super().__init__(
            sentence
            or f"The credit cap {cap} is reached: {used:,f} of {counted(limit, 'credit')} used. "
            "Nothing more is spent until it is raised or its period ends."
        )
        self.cap, self.limit, self.used = cap, limit, used


class ProviderError(LeadfillError):
    """The provider could not be used; try again later."""

    slug = "provider"
    status = 502


class KeyRejected(ProviderError):
    """The provider rejected the API key; check the key. The refused lookups cost nothing."""

    slug = "key-rejected"


class QuotaExhausted(ProviderError):
    """The credits of your contract with the provider are used up; everything found so far is kept."""

    slug = "quota-exhausted"

    def __init__(self, sentence: str = "", *, until: datetime | None = None, wait: timedelta | None = None) -> None:
        """Takes the time (aware) at which the provider allows requests again; None where only a person can help.

        `wait` is what is left until then by the provider's own clock, where it said so itself.
        """
        super().__init__(sentence)
        self.until, self.wait = until, wait


class DearerThanTerms(ProviderError):
    """The provider charged more for a lookup than its terms say. The run stopped; what was charged is recorded."""

    slug = "dearer-than-terms"


class SheetError(LeadfillError):
    """Google Sheets refused the request or failed; try again in a minute."""

    slug = "sheet"
    status = 502


class SheetAccessExpired(SheetError):
    """Leadfill's access to this spreadsheet has expired; open the sidebar again to renew it."""

    slug = "sheet-access-expired"
    status = 403


class SheetGone(SheetError):
    """The spreadsheet or its tab no longer exists; choose another range."""

    slug = "sheet-gone"
    status = 404


class SheetBusy(SheetError):
    """Google Sheets is busy and asks Leadfill to slow down; try again in a minute."""

    slug = "sheet-busy"
    status = 503


class StoreError(LeadfillError):
    """The database could not be used; try again. All credits spent are recorded."""

    slug = "store"
    status = 503


class SettingsError(LeadfillError):
    """The settings are wrong; correct them and start again."""

    slug = "settings"
