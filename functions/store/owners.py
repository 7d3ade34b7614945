"""Processes of this machine: who holds a claim, a chunk or a tab, and whether that process is no more.

Taking a living process for a dead one must not happen, the other way round costs only time: what is held is free when
its time is over. So a pid counts only where it means the same as here. Host names do not say so: every instance in the
cloud may be called `localhost`, and containers can share a name and a database while each counts its own processes.
The kernel does: it names its own start, and each space of pids that it has. Where a pid went to another process since,
that one is taken for the former.
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
    """The name by which this process signs what it holds: `place:pid`."""
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
    """The host's name, and where there is Linux a digest of this start of its kernel and this space of pids."""
    try:
        pids = f"{_BOOT.read_text(encoding='ascii')}{_PIDS.readlink()}"
    except OSError:
        if _PROC.exists():  # a sandbox that does not tell: nobody is known to be its neighbour
            return f"{socket.gethostname()}-{uuid4().hex[:12]}"
        return socket.gethostname()
    return f"{socket.gethostname()}-{sha256(pids.encode()).hexdigest()[:12]}"
