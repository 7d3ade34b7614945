"""A list from standard input: a list is read several times, so it is copied into a file first."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.lists.errors import BadFile

STANDARD = Path("-")
"""Standard input or output, where a file would be named."""
INPUT = Path("standard input")
"""Its name in sentences."""


@contextmanager
def folder_for_streams() -> Iterator[Path]:
    """Make a folder for what comes from and goes to standard streams; sentences do not name it, it is gone by then."""
    with tempfile.TemporaryDirectory(prefix="leadfill-") as folder:
        try:
            yield Path(folder)
        except BadFile as error:
            raise BadFile(str(error).replace(f"{folder}{os.sep}", "")) from error


def copied_input(folder: Path) -> Path:
    """Copy standard input into a file of the folder."""
    path = folder / INPUT
    with path.open("wb") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
    return path
