"""Values of one lookup on its way through the store: what is wanted, what was granted, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from functions.credits.caps import Cap, Spender
from functions.credits.lead_status import LeadStatus
from functions.credits.pacing import Turn
from functions.credits.pricing import Charge, EntryKind
from functions.credits.terms import EVERY_NEED, NO_NEEDS, Needs
from functions.store.erasures import Erasure
from functions.store.leads import Freshness, Known
from functions.store.rates import Pace


@dataclass(frozen=True, slots=True)
class Claim:
    """One instance's time-limited right to look one profile up with one provider."""

    key: str
    token: str
    provider: str
    credits: Decimal
    """The credits that are reserved for the lookup: the most that it may cost by the provider's terms."""
    turn: Turn | None = None
    """When it may be sent; None where no rate is kept."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """The result of claiming; each key is in exactly one of these."""

    granted: list[Claim] = field(default_factory=list)
    known: dict[str, dict[str, Known]] = field(default_factory=dict)
    """Already in the store, by key and provider: another instance was first."""
    held: list[str] = field(default_factory=list)
    """Claimed by another instance, with the same provider: wait for its lead."""
    refused: list[str] = field(default_factory=list)
    """Not allowed by a cap."""
    cap: Cap | None = None
    """The cap that refused them."""
    late: list[str] = field(default_factory=list)
    """For which the provider's rate has no start soon enough."""
    again_at: datetime | None = None
    """When to claim those."""
    until: datetime | None = None
    """The end of the provider's limit of an hour or a day, if that is why they are late."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """The result of a claim's lookup."""

    claim: Claim
    charge: Charge
    status: LeadStatus | None
    """The status from now on; None if nothing was learned."""
    lead: bytes | None = None
    """The lead, as `leads.pack` gives it."""
    raw: bytes | None = None
    """The provider's own answer, likewise; None where it is the lead itself."""
    fills: Needs = NO_NEEDS
    """The needs that the lead fills."""
    under: Needs = NO_NEEDS
    """Of a miss: the needs that the request made a condition."""
    person: str | None = None
    """Id and name at the provider of whom the lead is about; None where it does not say."""
    was_sent: bool = True
    """False if the provider was not asked after all."""
    repeats_are_free: bool = False
    """True if the provider may have been asked again since the lookup became a doubt, on the same credits."""

    @property
    def tells_what_a_doubt_cost(self) -> bool:
        """Return whether the doubt about the lookup is resolved by this answer, when it comes late.

        Where repeats are free, one that was free may have been so because of another one that was charged.
        """
        is_unknown = self.charge.kind is EntryKind.RELEASED and self.status is not None
        return not self.repeats_are_free or self.charge.credits > 0 or is_unknown

    def known(self, now: datetime) -> Known | None:
        """Return the person's new status; None if nothing was learned."""
        if self.status is None:
            return None
        return Known(self.status, now, self.fills, self.under, False, self.lead, self.raw, self.person)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the store has to say of lookups that were settled, beside their answers."""

    shared: set[tuple[str, str]] = field(default_factory=set)
    """Key and provider of leads that another URL of the same person has, too."""
    erased: dict[str, Erasure] = field(default_factory=dict)
    """People who were erased meanwhile, or long ago by another URL; nothing of their answers was kept."""
    claimed: Claimed = field(default_factory=Claimed)
    """Those who were claimed with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Profiles that are to be claimed for one provider."""

    keys: Sequence[str]
    """Distinct profile keys that the provider seemed not to know."""
    spender: Spender
    """The person and the run that pay."""
    caps: Sequence[Cap]
    """The counters that the credits count against, all of this provider."""
    provider: str
    """Which is to be asked."""
    price: Decimal
    """The most credits that one lookup may cost."""
    needs: Needs = EVERY_NEED
    """What it is to be asked for; a miss under fewer needs does not answer that."""
    owner: str
    """The name of this process, or of one of its attempts, `owner/…`: whose claims they are if it dies."""
    fresh: Freshness
    """The periods for which leads and misses count as known."""
    now: datetime
    """The present."""
    retry: frozenset[LeadStatus] = frozenset()
    """Statuses that are looked up again although they are known."""
    retry_before: datetime | None = None
    """Only statuses learned before this time; later ones come from the same retry."""
    pace: Pace | None = None
    """The provider's rate, which all instances keep together; each claim gets its turn. None: there is none."""
