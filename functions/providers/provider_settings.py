"""The settings of each provider, and the order in which a waterfall asks the usable ones. Pure.

The name of a variable is the provider's, such as `PEOPLE_DATA_LABS`, with `_` and an attribute of `ProviderSettings`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal, InvalidOperation
from typing import Any

from functions.credits.terms import Terms
from functions.providers.contract import Provider
from functions.providers.registry import REGISTRY, Registered

MOST_PER_DAY = 10_000 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """The settings of one provider."""

    api_key: str = field(default="", repr=False)
    base_url: str
    per_second: Decimal | None = None
    """Requests in a second, instead of every documented limit shorter than a day; None leaves those."""
    per_day: Decimal | None = None
    """Requests in a day, instead of the documented limit of a day; None leaves that."""
    concurrency: int
    """Lookups in flight per instance."""
    timeout_s: float
    """Above the 29 s of a managed gateway, so that a late answer is still an answer."""


KEY = "API_KEY"
NAMES = tuple(attribute.name.upper() for attribute in fields(ProviderSettings))
"""The ends of the variables' names."""


def variables(name: str) -> dict[str, str]:
    """The variables of one provider with their defaults as text; empty where there is none."""
    registered = REGISTRY[name]
    defaults = _defaults(registered)
    return {f"{registered.variables}_{end}": _as_text(defaults[end.lower()]) for end in NAMES}


def secrets() -> tuple[str, ...]:
    """The names of the variables that hold API keys."""
    return tuple(key_of(name) for name in REGISTRY)


def key_of(name: str) -> str:
    """The name of the variable that holds the provider's API key."""
    return f"{REGISTRY[name].variables}_{KEY}"


def with_key(environ: Mapping[str, str]) -> list[str]:
    """The names of the providers that have an API key, in the order of the registry."""
    return [name for name in REGISTRY if environ.get(key_of(name), "").strip()]


def named(environ: Mapping[str, str]) -> list[str]:
    """Return the names in `PROVIDERS`, in its order; not validated."""
    return [name.strip().casefold() for name in environ.get("PROVIDERS", "").split(",") if name.strip()]


def waterfall_of(environ: Mapping[str, str]) -> list[str]:
    """The names of the providers that a run may ask, in its order; not yet validated."""
    return named(environ) or with_key(environ)


def read(environ: Mapping[str, str], *, keys_needed: bool) -> tuple[dict[str, ProviderSettings], list[str]]:
    """Read the providers that a run may ask, in the waterfall's order, and a line for each wrong variable.

    Without `PROVIDERS` these are all providers that have a key.

    Args:
        environ: the environment.
        keys_needed: whether a provider that `PROVIDERS` names needs its key here; false for a process that asks nobody.
    """
    wrong: list[str] = []
    found = {name: _read_one(registered, environ, wrong) for name, registered in REGISTRY.items()}
    order = waterfall_of(environ)
    unknown = sorted({name for name in order if name not in REGISTRY})
    if unknown:
        wrong.append(f"PROVIDERS must hold names of {', '.join(REGISTRY)}; it holds {', '.join(unknown)}.")
    if len(set(order)) < len(order):
        wrong.append("PROVIDERS must name each provider once.")
    wrong += [
        f"PROVIDERS must name providers that have a key; {name} has none, so set {key_of(name)}."
        for name in dict.fromkeys(order)
        if keys_needed and name in found and not found[name].api_key
    ]
    return {name: found[name] for name in order if name in found}, wrong


def terms_of(name: str, chosen: ProviderSettings) -> Terms:
    """Return the provider's terms, with the limits from its settings."""
    return REGISTRY[name].terms.limited_to(per_second=chosen.per_second, per_day=chosen.per_day)


def make(name: str, chosen: ProviderSettings) -> Provider:
    """Makes the provider; opens no connection.

    Raises:
        SettingsError: its URL or its key cannot be sent.
    """
    return REGISTRY[name].make(
        chosen.base_url,
        chosen.api_key,
        terms=terms_of(name, chosen),
        concurrency=chosen.concurrency,
        timeout_s=chosen.timeout_s,
    )


def _defaults(registered: Registered) -> dict[str, Any]:
    return {
        "api_key": "",
        "base_url": registered.base_url,
        "per_second": None,
        "per_day": None,
        "concurrency": registered.concurrency,
        "timeout_s": registered.timeout_s,
    }


def _as_text(value: object) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _read_one(registered: Registered, environ: Mapping[str, str], wrong: list[str]) -> ProviderSettings:
    values = _defaults(registered)
    for end in NAMES:
        variable = f"{registered.variables}_{end}"
        text = environ.get(variable, "").strip()
        if not text:
            continue
        try:
            values[end.lower()] = _CONVERT.get(end, str)(text)
        except ValueError as error:
            wrong.append(f"{variable} {error}")
    return ProviderSettings(**values)


def _rate(text: str) -> Decimal:
    number = _number(text)
    if not 0 < number <= MOST_PER_DAY:
        raise ValueError(f"must be a number above 0, and {MOST_PER_DAY:,} at most.")
    return number


def _concurrency(text: str) -> int:
    number = _number(text)
    if number != number.to_integral_value() or not 1 <= number <= 256:
        raise ValueError("must be between 1 and 256.")
    return int(number)


def _timeout_s(text: str) -> float:
    number = _number(text)
    if not 30 <= number <= 120:
        raise ValueError(
            "must be between 30 and 120: the provider's gateway answers after 29 s at the latest, and a claim "
            "must outlive its lookup."
        )
    return float(number)


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError("must be a number.") from None
    if not number.is_finite():
        raise ValueError("must be a finite number.")
    return number


_CONVERT = {"PER_SECOND": _rate, "PER_DAY": _rate, "CONCURRENCY": _concurrency, "TIMEOUT_S": _timeout_s}
