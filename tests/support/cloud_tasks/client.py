"""An emulator of one's own, as a process that ends with this one: for tests, benchmarks and `make scale`."""

from __future__ import annotations

import time
from typing import Any

from local.child import Child


class CloudTasks(Child):
    """Starts on entering; ends on leaving, or when this process does.

    Args:
        issuer: URL of the local issuer, which signs the tokens that tasks carry.
        port: 0 takes a free one.
        held: the issuer's secret, by default a new one.
    """

    module = "tests.support.cloud_tasks"

    def __init__(self, *, issuer: str = "", port: int = 0, held: str = "") -> None:
        super().__init__("--issuer", issuer, port=port, held=held)

    @property
    def url(self) -> str:
        """For `TASKS_API_ENDPOINT`."""
        return self.root

    def add_queue(self, name: str = "projects/local/locations/here/queues/chunks", **config: Any) -> str:  # noqa: ANN401 - `rateLimits`, `retryConfig`
        """Makes a queue, or changes it; gives its name."""
        self._call("PATCH", f"v2/{name}", config)
        return name

    def state(self) -> dict[str, Any]:
        """Counts of all queues and of each: the attributes of `Counts`, `pending`, `tasks`, and `faults`."""
        found: dict[str, Any] = self._call("GET", "_emulator/state")
        return found

    def switch(self, **switches: Any) -> dict[str, Any]:  # noqa: ANN401 - the names and types are those of Switches
        """Sets some switches and gives all; raises `ValueError` with the emulator's sentence for a wrong one."""
        found: dict[str, Any] = self._call("PUT", "_emulator/switch", switches)
        return found

    def reset(self) -> None:
        """No queues, no counts, and the switches as at the start."""
        self._call("POST", "_emulator/reset")

    def wait_until_idle(self, *, at_most_s: float = 60.0) -> dict[str, Any]:
        """Waits until no task is left and none is in flight; gives the counts.

        Raises:
            TimeoutError: it did not come to that.
        """
        until = time.monotonic() + at_most_s
        while True:
            found = self.state()
            if not found["tasks"] and not found["in_flight"]:
                return found
            if time.monotonic() > until:
                raise TimeoutError(f"Tasks are left: {found}")
            time.sleep(0.02)

    def _call(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        return self._ask(method, path, json=body).json()
