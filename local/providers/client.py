"""A sandbox of one's own, as a process that ends with this one: for tests, benchmarks and the command line."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from local.child import Child
from local.providers.server import SHAPES


class Sandbox(Child):
    """Starts on entering; ends on leaving, or when this process does."""

    module = "local.providers"

    def __init__(self, provider: str = "slintel", *, port: int = 0) -> None:
        super().__init__(provider, port=port)
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
