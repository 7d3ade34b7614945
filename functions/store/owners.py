"""Processes of this machine that own claims, chunks or tabs, and whether such a process has ended.

A live process must never be taken for a dead one. The reverse costs only time: claims, chunks and tabs of a dead
process are released when they expire. So a pid counts only in the place where it was given. Host names do not identify
that place: every instance in the cloud may be called `localhost`, and containers can share a name and a database while
each counts its own processes. On Linux the kernel does: it has an id for each boot and for each pid namespace. If a pid
was given to another process since, that process counts as the former one.
"""

from __future__ import annotations

import os
import socket
from functools import cache
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

_PROC = Path("/proc")
_BOOT, _PIDS = _PROC / "sys/kernel/random/boot_id", _PROC / "self/ns/pid"


def this_process() -> str:
    """Return the name of this process as an owner: `place:pid`."""
    return f"{_place()}:{os.getpid()}"


def is_dead(owner: str) -> bool:
    """Return whether `owner`, as `this_process` names one, is a process of this machine that has ended."""
    place, _, pid = owner.rpartition(":")
    if place != _place():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


@cache
def _place() -> str:
    """Return the host's name and, on Linux, a digest of the kernel's boot id and the pid namespace."""
    try:
        pids = f"{_BOOT.read_text(encoding='ascii')}{_PIDS.readlink()}"
    except OSError:
        if _PROC.exists():  # a sandbox that does not tell: nobody is known to be its neighbour
            return f"{socket.gethostname()}-{uuid4().hex[:12]}"
        return socket.gethostname()
    return f"{socket.gethostname()}-{sha256(pids.encode()).hexdigest()[:12]}"
