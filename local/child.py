"""A stand-in as a process of its own, which ends with this one: for tests, benchmarks and the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

import requests

from local import secret
from local.private_files import UMASK

ROOT = Path(__file__).parents[1]
WITHIN_S = 60.0


class Child:
    """Starts on entering; ends on leaving, or when this process does."""

    module: ClassVar[str]
    """What is run: it takes `--port` and `--with-parent`, and prints its URL as `serving.run` does."""
    said: dict[str, Any]
    """The line that it printed."""
    root: str
    """The URL in it."""

    def __init__(self, *arguments: str, port: int = 0, held: str = "") -> None:
        self._arguments = ["--port", str(port), "--with-parent", *arguments]
        self.held = held or secret.made()
        """The secret that steers it."""
        self._session = requests.Session()
        self._session.trust_env = False

    @classmethod
    def at(cls, root: str, held: str) -> Self:
        """The same for one that somebody else has started with the secret `held`, and ends."""
        made = cls()
        made.root, made.held = root, held
        return made

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", self.module, *self._arguments],
            cwd=ROOT,
            env=secret.environ_of_stand_in(self.held),
            umask=UMASK,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None  # noqa: S101 - what PIPE means
        line = self._process.stdout.readline()
        if not line:
            self._end()
            raise RuntimeError(f"{self.module} did not start; its last words are on standard error.")
        self.said = json.loads(line)
        self.root = self.said["url"]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._session.close()
        self._end()

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._process.pid

    def _ask(self, method: str, path: str, **content: Any) -> requests.Response:  # noqa: ANN401 - as requests has it
        """Asks it to do something; raises `ValueError` with its own sentence where it will not."""
        proof = {secret.HEADER: self.held}
        answer = self._session.request(method, f"{self.root}/{path}", headers=proof, timeout=WITHIN_S, **content)
        if not answer.ok:
            raise ValueError(answer.text)
        return answer

    def _end(self) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
