"""Processes of this machine."""

from __future__ import annotations

import os
import socket


def is_dead(owner: str) -> bool:
    """Whether `host:pid`, as the enricher signs its claims, names a process of this machine that is no more."""
    host, _, pid = owner.rpartition(":")
    if host != socket.gethostname():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
