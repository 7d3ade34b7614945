"""Files of one person of a machine: a folder that nobody else can enter, files that nobody else can read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from functions.errors import LeadfillError

UMASK = 0o077
"""Of every process that writes leads, logs or secrets: what it makes is for its owner alone."""
_KEPT = ("*.db*", "*.log", "*secret", "headers.txt")
"""What Leadfill keeps in its folder; whoever names a folder of theirs (`--home`) may have other things in it."""


class SomebodyElses(LeadfillError):
    """The folder belongs to another user of this machine; name a folder of your own with --home."""

    slug = "somebody-elses-folder"


def only_mine() -> None:
    """Makes everything that this process and its children write from now on private to its owner."""
    os.umask(UMASK)


def private_folder(path: Path) -> str:
    """Makes a folder, or takes the rights of others away from one that is there and from what Leadfill keeps in it.

    Returns:
        What to tell the person about it; empty where nobody else had a right.

    Raises:
        SomebodyElses: it belongs to another user.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = path.resolve()
    if hasattr(os, "getuid") and found.stat().st_uid != os.getuid():
        raise SomebodyElses
    inside = [kept for pattern in _KEPT for kept in found.glob(pattern)]
    if not [each for each in (found, *inside) if _tighten(each)]:
        return ""
    return f"Other users of this machine had access to {path}; from now on only you have."


def private_file(path: Path) -> Path:
    """Makes a file that only its owner can read, or takes the rights of others away from one that is there.

    What SQLite keeps beside a database gets the rights of the database (https://www.sqlite.org/tempfiles.html).
    """
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    _tighten(path)
    return path


def _tighten(path: Path) -> bool:
    """Takes the rights of others away; true where there were some. A link may lead out of the folder: it is left."""
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode) or not found.st_mode & 0o077:
        return False
    path.chmod(stat.S_IMODE(found.st_mode) & 0o700)
    return True
