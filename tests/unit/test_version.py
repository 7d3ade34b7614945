"""The version stands once, and everything that shows it shows the same."""

from __future__ import annotations

import subprocess
import sys
import tomllib

import pytest

from functions.entrypoints.openapi import document
from functions.version import VERSION
from local.child import ROOT


def test_the_project_and_the_api_have_the_version_of_the_code() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == VERSION
    assert document()["info"]["version"] == VERSION


@pytest.mark.parametrize("module", ["local.enrich", "local.run"])
def test_a_command_says_its_version(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", module, "--version"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"leadfill, version {VERSION}\n"
