"""An emulator of one's own, as a process that ends with this one: for tests, benchmarks and `make scale`."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

ROOT = Path(__file__).parents[2]


class CloudTasks:
    """Starts on entering; ends on leaving, or when this process does.

    Args:
        issuer: URL of the local issuer, which signs the tokens that tasks carry.
        port: 0 takes a free one.
    """

    url: str
    """For `TASKS_API_ENDPOINT`."""

    def __init__(self, *, issuer: str = "", port: int = 0) -> None:
        self._arguments = ["--port", str(port), "--with-parent", "--issuer", issuer]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "local.cloud_tasks", *self._arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None  # noqa: S101 - what PIPE means
        line = self._process.stdout.readline()
        if not line:
            self._end()
            raise RuntimeError("The Cloud Tasks emulator did not start; its last words are on standard error.")
        self.url = json.loads(line)["url"]
        self._session = requests.Session()
        self._session.trust_env = False
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._session.close()
        self._end()

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
        response = self._session.request(method, f"{self.url}/{path}", json=body, timeout=30)
        if not response.ok:
            raise ValueError(response.text)
        return response.json()

    def _end(self) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
