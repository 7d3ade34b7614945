"""A relay before a PostgreSQL server that counts round trips, whatever the client's libraries call them."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa

SOCKET = ".s.PGSQL.5432"
"""The name of the server's socket in its folder."""
AT_ONCE = 1 << 16


@dataclass(slots=True)
class Trips:
    """Round trips so far: each time that a client sends something after it was answered, or as the first thing."""

    count: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self) -> None:
        """Count one."""
        with self._lock:
            self.count += 1


@contextmanager
def counted(url: str) -> Iterator[tuple[str, Trips]]:
    """While the block runs, gives an address that leads to the same database, and what is counted on the way."""
    address, trips = sa.make_url(url), Trips()
    server = Path(str(address.query["host"]), SOCKET)
    with TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(Path(folder, SOCKET)))
        listener.listen()
        threading.Thread(target=_accept, args=(listener, server, trips), daemon=True).start()
        yield address.update_query_dict({"host": folder}).render_as_string(hide_password=False), trips
        listener.shutdown(socket.SHUT_RDWR)  # ends the thread that accepts


def _accept(listener: socket.socket, server: Path, trips: Trips) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:  # it is shut
            return
        there = socket.socket(socket.AF_UNIX)
        there.connect(str(server))
        threading.Thread(target=_relay, args=(client, there, trips), daemon=True).start()


def _relay(client: socket.socket, server: socket.socket, trips: Trips) -> None:
    """Pass on what both say, until one hangs up."""
    is_asked = False
    with client, server:
        while True:
            readable, _, _ = select.select([client, server], [], [])
            for source, target in ((client, server), (server, client)):
                if source not in readable:
                    continue
                if not (said := source.recv(AT_ONCE)):
                    return
                if source is client and not is_asked:
                    trips.add()
                is_asked = source is client
                target.sendall(said)
