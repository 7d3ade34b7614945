"""Bytecode that the build makes is still that of the source in the image, whose files have another time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from deploy.source import BUILD

ENVIRONMENT = "--env="
IMAGE_TIME_S = 315_532_801
"""The time of every file in an image: buildpacks' lifecycle sets them all to 1980-01-01T00:00:01Z."""


def test_bytecode_goes_by_content(tmp_path: Path) -> None:
    lines = [line.strip().removeprefix("- ") for line in BUILD.read_text(encoding="utf-8").splitlines()]
    environ = dict(line.removeprefix(ENVIRONMENT).split("=", 1) for line in lines if line.startswith(ENVIRONMENT))
    source = tmp_path / "module.py"
    source.write_text("answer = 42\n")
    command = [sys.executable, "-m", "compileall", "-f", "-q", "."]  # as the buildpack does
    subprocess.run(command, cwd=tmp_path, env=os.environ | environ, check=True, timeout=60)
    os.utime(source, (IMAGE_TIME_S, IMAGE_TIME_S))
    [compiled] = (tmp_path / "__pycache__").iterdir()
    before = compiled.read_bytes()
    assert before[4], "it goes by the time"  # the flags in its head (PEP 552)
    subprocess.run([sys.executable, "-c", "import module"], cwd=tmp_path, check=True, timeout=60)
    assert compiled.read_bytes() == before
