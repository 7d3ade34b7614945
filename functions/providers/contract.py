"""The contract that every provider fulfils; the enricher knows providers by it alone.

`tests/contract/test_providers.py` holds each adapter against it. An asynchronous provider would answer with one more
class of `LookupResult`, "pending" with its handle, and one more method that asks for the answer by that handle.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from functions.credits.lookup_result import LookupResult
from functions.credits.terms import NO_NEEDS, Needs, Terms
from functions.profiles import Profile


@dataclass(frozen=True, slots=True)
class Answer:
    """One lookup's result, and what the provider says of the account beside it."""

    result: LookupResult
    cost: Decimal | None = None
    """Credits that the provider says it charged; None where it does not say."""
    quota_left: int | None = None
    """Lookups that the provider says are left, until its day or its contract ends; None where it does not say."""
    withheld: Needs = NO_NEEDS
    """Needs that this key's plan does not show: asking for them costs credits and brings nothing."""


@dataclass(frozen=True, slots=True)
class Balance:
    """Credits of the account, as the provider counts them."""

    left: Decimal
    used: Decimal | None = None
    """In the present period of the contract; None where the provider does not say."""


class Provider(Protocol):
    """A paid source of leads. Safe to share between threads."""

    @property
    def name(self) -> str:
        """Its name in settings, requests and the store, such as `people_data_labs`."""
        ...

    @property
    def terms(self) -> Terms:
        """What it charges and allows."""
        ...

    def look_up(self, profile: Profile, needs: Needs) -> Answer:
        """Asks for one person, once, in one request that may cost credits.

        Args:
            profile: whom to ask for.
            needs: what is still open of this person; the request says so where that saves credits.

        Raises:
            KeyRejected: the provider does not accept the API key.
            QuotaExhausted: nothing more is answered, until a time or until somebody buys credits.
        """
        ...

    def balance(self) -> Balance | None:
        """The account's balance, which also proves the key; None where it cannot be known. Costs nothing.

        Raises:
            KeyRejected: the provider does not accept the API key.
        """
        ...

    def close(self) -> None:
        """Ends its connections."""
        ...
