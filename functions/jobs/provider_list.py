"""The providers that a run may ask, as people see them: prices, limits, credits left and balance."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from functions.auth.identity_tokens import Caller
from functions.context import AppContext
from functions.credits.caps import Spender, caps
from functions.credits.terms import Need, Terms, WindowStart
from functions.jobs.usage import CreditsText
from functions.providers.registry import REGISTRY
from functions.store import balances, ledger
from functions.store.balances import StoredBalance


class RequestLimit(msgspec.Struct, frozen=True, kw_only=True):
    """At most so many requests in each window."""

    count: Annotated[str, msgspec.Meta(description="Requests, as decimal text")]
    window_s: Annotated[int, msgspec.Meta(ge=1)]
    starts: WindowStart


class ProviderBalance(msgspec.Struct, frozen=True, kw_only=True):
    """The account with a provider, as the provider counts it."""

    credits_left: CreditsText | None
    credits_used: CreditsText | None
    read_at: datetime
    key_is_rejected: Annotated[bool, msgspec.Meta(description="Whether the provider rejected the API key then")]


class UsableProvider(msgspec.Struct, frozen=True, kw_only=True):
    """A provider that a run may ask."""

    name: Annotated[str, msgspec.Meta(description="As in `providers` of a plan")]
    label: Annotated[str, msgspec.Meta(description="As people see it")]
    price: Annotated[CreditsText, msgspec.Meta(description="The most credits that a lookup costs")]
    repeats_are_free: bool
    fills: list[Need]
    limits: list[RequestLimit]
    credits_left: Annotated[CreditsText, msgspec.Meta(description="What the caps still allow the caller in one run")]
    balance: Annotated[ProviderBalance | None, msgspec.Meta(description="Null where it was never read")]


class Providers(msgspec.Struct, frozen=True, kw_only=True):
    """The providers of this deployment."""

    providers: Annotated[list[UsableProvider], msgspec.Meta(description="In the order of a run that names none")]
    not_used: Annotated[list[str], msgspec.Meta(description="Those that are not asked, as people see them")]


def listing(context: AppContext, caller: Caller) -> Providers:
    """The providers that a run may ask, and what the caps leave the caller with each."""
    now = context.clock()
    with context.store.reading() as connection:
        kept = balances.read(connection)
        left = {}
        for name in context.terms:
            ceilings = {name: context.limits.of(name).per_run}
            spender = Spender(run_id="", user_id=caller.subject, ceilings=ceilings)
            left[name] = ledger.credits_left(connection, caps(spender, context.limits, name, now))
    return Providers(
        providers=[_shown(name, terms, f"{left[name]:f}", kept.get(name)) for name, terms in context.terms.items()],
        not_used=[one.label for name, one in REGISTRY.items() if name not in context.terms],
    )


def _shown(name: str, terms: Terms, credits_left: str, kept: StoredBalance | None) -> UsableProvider:
    return UsableProvider(
        name=name,
        label=REGISTRY[name].label,
        price=f"{terms.price:f}",
        repeats_are_free=terms.repeats_are_free,
        fills=sorted(terms.fills),
        limits=[
            RequestLimit(count=f"{limit.count:f}", window_s=int(limit.window.total_seconds()), starts=limit.starts)
            for limit in terms.limits
        ],
        credits_left=credits_left,
        balance=None
        if kept is None
        else ProviderBalance(
            credits_left=None if kept.credits_left is None else f"{kept.credits_left.normalize():f}",
            credits_used=None if kept.credits_used is None else f"{kept.credits_used.normalize():f}",
            read_at=kept.read_at,
            key_is_rejected=kept.key_is_rejected,
        ),
    )
