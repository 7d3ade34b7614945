"""A sandbox of one's own, as a process that ends with this one: for tests and benchmarks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from functions.providers.registry import REGISTRY
from local.child import Child
from local.providers.server import SHAPES


class Sandboxes(Child):
    """Stand-ins of several providers, with the limits, the pace and the gaps of the real ones."""

    module = "local.providers"

    def __init__(self, names: Iterable[str] = SHAPES) -> None:
        self._names = tuple(names)
        super().__init__(*self._names)

    @property
    def environ(self) -> dict[str, str]:
        """The settings with which Leadfill asks them."""
        return environ_of(self.said["urls"])


def environ_of(urls: Mapping[str, str]) -> dict[str, str]:
    """The settings with which Leadfill asks stand-ins of providers, by their URLs, in place of the providers."""
    environ: dict[str, str] = {}
    for name, url in urls.items():
        variables = REGISTRY[name].variables
        environ |= {f"{variables}_API_KEY": "sandbox", f"{variables}_BASE_URL": url + SHAPES[name].base_path}
    return environ


def without_limits(names: Iterable[str] = REGISTRY) -> dict[str, str]:
    """The settings with which Leadfill keeps no limit of these providers: for stand-ins at rest."""
    limits = {"PER_SECOND": "100000", "PER_DAY": "500000000"}
    return {f"{REGISTRY[name].variables}_{limit}": count for name in names for limit, count in limits.items()}


class Sandbox(Child):
    """Starts on entering; ends on leaving, or when this process does."""

    module = "local.providers"

    def __init__(self, provider: str = "slintel", *, port: int = 0, at_rest: bool = True) -> None:
        """Chooses whose; `at_rest` is without the limits, the delays and the gaps of the real one."""
        super().__init__(provider, *(["--at-rest"] if at_rest else []), port=port)
        self.provider = provider
        self._base_path = SHAPES[provider].base_path

    @property
    def url(self) -> str:
        """The base URL that stands in for the provider's."""
        return self.root + self._base_path

    @property
    def port(self) -> int:
        """Where it listens."""
        return urlsplit(self.root).port or 80

    def charges(self, by: str = "key") -> dict[str, int]:
        """What was charged, by `key` (with `total`, `requests`, `in_flight`, `in_flight_max`) or by `slug`."""
        counts: dict[str, int] = self._call("GET", f"charges?by={by}")
        return counts

    def switch(self, **switches: Any) -> dict[str, Any]:  # noqa: ANN401 - the names and types are those of Switches
        """Sets some switches and gives all; raises `ValueError` with the sandbox's sentence for a wrong one."""
        state: dict[str, Any] = self._call("PUT", "switches", switches)
        return state

    def reset(self) -> None:
        """Counts and switches as at the start."""
        self._call("POST", "reset")

    def _call(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        return self._ask(method, f"_sandbox/{path}", json=body).json()
