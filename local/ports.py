"""Ports of this machine."""

from __future__ import annotations

import secrets
import socket
from contextlib import suppress

HOST = "127.0.0.1"
SERVERS = range(10_000, 32_000)
"""Below those that the system itself gives out: until a server listens, any connection of this machine could get one of
those (Linux: 32768 to 60999, https://www.kernel.org/doc/html/latest/networking/ip-sysctl.html)."""
TRIES = 100


def free_port(port: int) -> int:
    """The port, or where it is taken (or 0), a free one.

    Raises:
        OSError: none was found.
    """
    drawn = (secrets.choice(SERVERS) for _ in range(TRIES))
    for candidate in (*([port] if port else []), *drawn):
        with suppress(OSError), socket.create_server((HOST, candidate)):
            return candidate
    raise OSError("No port of this machine is free.")


def listens(port: int) -> bool:
    """Whether somebody takes connections there."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0
