"""The spender of credits, and the caps that apply; each provider's credits are counted on their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

NONE = Decimal(0)


@dataclass(frozen=True, slots=True)
class Cap:
    """A counter of credits and what it may reach."""

    name: str
    limit: Decimal
    """In credits."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """An amount of credits for each provider."""

    default: Decimal
    """For a provider that is not named."""
    named: Mapping[str, Decimal] = field(default_factory=dict)

    def of(self, provider: str) -> Decimal:
        """Return one provider's amount."""
        return self.named.get(provider, self.default)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderLimits:
    """The deployment's caps for one provider, in credits."""

    per_run: Decimal
    per_user_day: Decimal
    per_month: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The deployment's caps, in credits of each provider."""

    per_run: Allowance
    per_user_day: Allowance
    per_month: Allowance

    def of(self, provider: str) -> ProviderLimits:
        """Return the caps for one provider."""
        return ProviderLimits(
            per_run=self.per_run.of(provider),
            per_user_day=self.per_user_day.of(provider),
            per_month=self.per_month.of(provider),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Spender:
    """The person and the run that credits are spent for."""

    run_id: str
    user_id: str
    spreadsheet_id: str = ""
    ceilings: Mapping[str, Decimal]
    """The most that this run may cost with each provider, as confirmed; with one that is not named, nothing."""


def caps(spender: Spender, limits: Limits, provider: str, now: datetime) -> tuple[Cap, ...]:
    """Return the caps that the provider's credits count against at `now` (days and months are UTC's)."""
    of_provider = limits.of(provider)
    return (
        Cap(f"run:{provider}:{spender.run_id}", min(spender.ceilings.get(provider, NONE), of_provider.per_run)),
        Cap(f"user:{provider}:{spender.user_id}:{now:%Y-%m-%d}", of_provider.per_user_day),
        Cap(f"month:{provider}:{now:%Y-%m}", of_provider.per_month),
    )
