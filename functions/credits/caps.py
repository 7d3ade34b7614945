"""Spenders of credits, and the caps that apply to them; each provider's credits are counted separately."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from functions.credits.terms import label_of
from functions.errors import counted

NONE = Decimal(0)
AMOUNT = r"^[0-9]{1,9}(\.[0-9]{1,6})?$(?!\n)"
"""Credits as decimal text."""
_AMOUNT = re.compile(AMOUNT)


@dataclass(frozen=True, slots=True)
class Cap:
    """A counter of credits and its limit."""

    name: str
    limit: Decimal
    """In credits."""


@dataclass(frozen=True, slots=True)
class CapUse:
    """A cap, and the credits of it that are used or reserved."""

    cap: Cap
    used: Decimal

    @property
    def left(self) -> Decimal:
        """Return the credits that can still be spent under the cap."""
        return max(NONE, self.cap.limit - self.used)


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


def amounts_of(text: str) -> dict[str, Decimal]:
    """Return the amounts in a text such as `slintel=5000,prospeo=0.5`, by the names that it holds.

    Raises:
        ValueError: with the rest of a sentence, such as "must be …".
    """
    amounts: dict[str, Decimal] = {}
    for part in text.split(","):
        name, is_named, amount = (piece.strip().casefold() for piece in part.partition("="))
        if not is_named or not name or name in amounts:
            raise ValueError("must be a number, or one for each provider such as `slintel=5000,prospeo=300`.")
        amounts[name] = amount_of(amount)
    return amounts


def amount_of(text: str) -> Decimal:
    """Return the amount of credits in a text, which has at most six decimals.

    Raises:
        ValueError: with the rest of a sentence.
    """
    if not _AMOUNT.fullmatch(text.strip()):
        raise ValueError("must hold credits as numbers that are not negative, with at most six decimals.")
    return Decimal(text.strip())


def cap_of_run(provider: str, run_id: str) -> str:
    """Return the name of the cap on a run's credits with a provider."""
    return f"run:{provider}:{run_id}"


def caps(spender: Spender, limits: Limits, provider: str, now: datetime) -> tuple[Cap, ...]:
    """Return the caps that the provider's credits count against at `now` (days and months are UTC's)."""
    of_provider = limits.of(provider)
    return (
        Cap(cap_of_run(provider, spender.run_id), min(spender.ceilings.get(provider, NONE), of_provider.per_run)),
        Cap(f"user:{provider}:{spender.user_id}:{now:%Y-%m-%d}", of_provider.per_user_day),
        Cap(f"month:{provider}:{now:%Y-%m}", of_provider.per_month),
    )


def cap_sentence(use: CapUse, now: datetime, *, in_run: bool = False) -> str:
    """Describe a cap in a sentence: whose it is, its period, how much is used, when credits return, who can raise it.

    Args:
        use: of a cap that `caps` made; its name tells its kind and its provider.
        now: the present (aware).
        in_run: whether a run has met the cap, which may be its own ceiling, and which anybody may read about.
    """
    kind, provider = use.cap.name.split(":")[:2]
    credits_ = f"{counted(_shown(use.cap.limit), 'credit')} of {label_of(provider)}"
    if kind == "run" and in_run:
        used = f"This run has used the {credits_} that it was allowed."
        return f"{used} A new run or a retry can have more, as far as your limits allow."
    if kind == "run":
        return f"One run may cost {credits_} at most. Whoever runs Leadfill can raise that (CREDITS_PER_RUN)."
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    used = f"{_shown(use.used):,f} {'is' if use.used == 1 else 'are'} used"
    if kind == "user":
        said = f"{'Whoever started this' if in_run else 'You'} may spend {credits_} a day; {used} today."
        back, setting = today + timedelta(days=1), "CREDITS_PER_USER_DAY"
    else:
        said = f"All of you together may spend {credits_} a month; {used} in {today:%B}."
        back, setting = (today.replace(day=1) + timedelta(days=32)).replace(day=1), "CREDITS_PER_MONTH"
    more = f"More can be spent from {back.day} {back:%B}, 00:00 UTC, on"
    return f"{said} {more}; whoever runs Leadfill can raise the limit before ({setting})."


def _shown(amount: Decimal) -> Decimal:
    """Return an amount without zeros at its end."""
    return amount.quantize(Decimal(1)) if amount == amount.to_integral_value() else amount.normalize()
