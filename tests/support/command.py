"""The command line as a process of its own, in a folder of its own, against the sandbox."""

from __future__ import annotations

import csv
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local.providers.client import Sandbox, without_limits

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ended:
    """The result of a run of the command."""

    code: int
    text: str
    """Its output, with every run of blanks as one."""


@dataclass(frozen=True)
class Command:
    """The command line in a folder of its own, against the sandbox."""

    folder: Path
    environment: dict[str, str]

    @property
    def database(self) -> Path:
        """The folder of its store."""
        return self.folder / "leadfill.db"

    def start(
        self,
        *arguments: object,
        script: str = "",
        module: str = "local.enrich",
        **options: Any,  # noqa: ANN401 - those of Popen
    ) -> subprocess.Popen[bytes]:
        """Start it, with no input and both outputs in one unless `options` say otherwise."""
        program = ["-c", script] if script else ["-m", module]
        streams: dict[str, Any] = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.STDOUT,
        }
        return subprocess.Popen(
            [sys.executable, *program, *map(str, arguments)],
            cwd=self.folder,
            env=self.environment | options.pop("environment", {}),
            **streams | options,
        )

    def run(self, *arguments: object, **options: Any) -> Ended:  # noqa: ANN401 - those of `start`
        """Run it to its end."""
        return ended(self.start(*arguments, **options))

    def totals(self) -> tuple[int, int]:
        """Charged and in doubt, by the ledger."""
        with closing(sqlite3.connect(self.database)) as connection:
            entries = connection.execute("SELECT kind, credits / 1000000, token FROM ledger_entries").fetchall()
        resolved = {token for kind, _, token in entries if kind != "in_doubt"}
        charged = sum(credits_ for kind, credits_, _ in entries if kind == "charged")
        return charged, sum(c for kind, c, token in entries if kind == "in_doubt" and token not in resolved)


def ended(process: subprocess.Popen[bytes]) -> Ended:
    """Wait until a run has ended."""
    said, _ = process.communicate(timeout=120)
    return Ended(process.returncode, " ".join(said.decode().split()))


@pytest.fixture
def command(tmp_path: Path, sandbox: Sandbox) -> Command:
    """A command line that has run nothing yet."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "SLINTEL_API_KEY": "team",
        "SLINTEL_BASE_URL": sandbox.url,
        "SLINTEL_CONCURRENCY": "4",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'leadfill.db'}",
        **without_limits(),
    }
    return Command(tmp_path, environment)


def a_list(folder: Path, count: int, prefix: str = "person", name: str = "leads.csv") -> Path:
    """A CSV of distinct people."""
    path = folder / name
    lines = [f"{number},linkedin.com/in/{prefix}-{number}" for number in range(count)]
    path.write_text("\n".join(["No,LinkedIn", *lines, ""]), encoding="utf-8")
    return path


def read(path: Path, delimiter: str = ",", encoding: str = "utf-8") -> list[list[str]]:
    """Read a CSV with the module that everybody has."""
    with path.open(encoding=encoding, newline="") as file:
        return list(csv.reader(file, delimiter=delimiter))
