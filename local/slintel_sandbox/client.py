"""A sandbox of one's own, as a process that ends with this one: for tests, benchmarks and the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import requests

from local.slintel_sandbox.server import BASE_PATH

ROOT = Path(__file__).parents[2]


class Sandbox:
    """Starts on entering; ends on leaving, or when this process does."""

    url: str
    """The base URL that stands in for Slintel's."""
    port: int

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "local.slintel_sandbox", "--port", "0", "--with-parent"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None  # noqa: S101 - what PIPE means
        line = self._process.stdout.readline()
        if not line:
            self._end()
            raise RuntimeError("The sandbox did not start; its last words are on standard error.")
        self._root = json.loads(line)["url"]
        self.url = self._root + BASE_PATH
        self.port = urlsplit(self.url).port or 80
        self._session = requests.Session()
        self._session.trust_env = False
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._session.close()
        self._end()

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
        response = self._session.request(method, f"{self._root}/_sandbox/{path}", json=body, timeout=30)
        if not response.ok:
            raise ValueError(response.json()["message"])
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
