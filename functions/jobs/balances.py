"""Reads the providers' balances for the whole deployment, which checks the keys and gives the plans their figures."""

from __future__ import annotations

from datetime import timedelta

from functions import logs
from functions.context import AppContext
from functions.credits.pricing import amount
from functions.errors import KeyRejected
from functions.providers.contract import Provider
from functions.store import balances
from functions.store.balances import StoredBalance

MAX_AGE = timedelta(minutes=5)
"""Age at which a balance is read anew; a reading is one free request."""


def refresh(context: AppContext) -> None:
    """Reads and keeps the balance of each provider whose kept one is old. Only for a process that holds the keys.

    Raises:
        SettingsError: no provider has a key.
        StoreError: the store cannot be used.
    """
    if not context.terms:
        return
    with context.store.reading() as connection:
        kept = balances.read(connection)
    now = context.clock()
    for dispatcher in context.make_enricher().dispatchers.values():
        provider = dispatcher.provider
        if provider.name in kept and now - kept[provider.name].read_at < MAX_AGE:
            continue
        found = _ask(provider, context)
        with context.store.writing() as connection:
            balances.keep(connection, found)


def _ask(provider: Provider, context: AppContext) -> StoredBalance:
    name = provider.name
    try:
        balance = provider.balance()
    except KeyRejected as error:
        logs.warning("A provider rejects its key.", slug=error.slug, provider=name)
        return StoredBalance(provider=name, read_at=context.clock(), key_is_rejected=True)
    left, used = (amount(balance.left), amount(balance.used)) if balance else (None, None)
    return StoredBalance(provider=name, read_at=context.clock(), credits_left=left, credits_used=used)
