"""The providers by name, with their settings' defaults; a new provider needs a module beside this one and an entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from functions.credits.terms import Terms
from functions.providers import apollo, people_data_labs, prospeo, slintel
from functions.providers.contract import Provider


class MakeProvider(Protocol):
    """A provider's class."""

    def __call__(
        self, base_url: str, api_key: str, *, terms: Terms = ..., concurrency: int, timeout_s: float
    ) -> Provider:
        """Makes the provider; raises `SettingsError` where URL or key cannot be sent."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A provider that can be made, and the defaults of its settings `<variables>_BASE_URL` and so on."""

    label: str
    """As people see it."""
    variables: str
    """The beginning of the names of its settings."""
    make: MakeProvider
    terms: Terms
    """As documented."""
    base_url: str
    concurrency: int = 16
    """Lookups in flight per instance."""
    timeout_s: float = 35.0
    """Above the 29 s after which a managed gateway gives up, so that a late answer is still an answer."""


REGISTRY: Mapping[str, Registered] = {
    slintel.NAME: Registered(
        label=slintel.LABEL,
        variables=slintel.VARIABLES,
        make=slintel.Slintel,
        terms=slintel.TERMS,
        base_url="https://apiv2.slintel.com/v2.0",
    ),
    people_data_labs.NAME: Registered(
        label=people_data_labs.LABEL,
        variables=people_data_labs.VARIABLES,
        make=people_data_labs.PeopleDataLabs,
        terms=people_data_labs.TERMS,
        base_url="https://api.peopledatalabs.com/v5",
    ),
    prospeo.NAME: Registered(
        label=prospeo.LABEL,
        variables=prospeo.VARIABLES,
        make=prospeo.Prospeo,
        terms=prospeo.TERMS,
        base_url="https://api.prospeo.io",
    ),
    apollo.NAME: Registered(
        label=apollo.LABEL,
        variables=apollo.VARIABLES,
        make=apollo.Apollo,
        terms=apollo.TERMS,
        base_url="https://api.apollo.io/api/v1",
    ),
}
"""In the order in which a waterfall asks them unless `PROVIDERS` says otherwise."""
