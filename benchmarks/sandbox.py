"""Answers a second of the sandbox: it must never be what a figure measures.

    python -m benchmarks.sandbox [--seconds 5] [--connections 32] [--people 20000]

The load comes from a process of its own, with a client that does little more than count: on two cores the sandbox has
one for itself. Prints answers per second for people met for the first time, and for people met before.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import sys
from itertools import count
from time import perf_counter

import click

from local.providers.client import Sandbox

REQUIRED_PER_S = 2_000


class _Asker(asyncio.Protocol):
    """One keep-alive connection that asks for the next person as soon as the last one has come."""

    def __init__(self, load: _Load) -> None:
        self._load = load
        self._received = bytearray()
        self._length = -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._length < 0:
            head_end = self._received.find(b"\r\n\r\n")
            if head_end < 0:
                return
            head = bytes(self._received[:head_end]).lower()
            assert head.startswith(b"http/1.1 200"), head
            self._length = head_end + 4 + int(head.split(b"content-length: ", 1)[1].split(b"\r\n", 1)[0])
        if len(self._received) >= self._length:
            self._received.clear()
            self._length = -1
            self._load.answered += 1
            self._ask()

    def _ask(self) -> None:
        if perf_counter() > self._load.until:
            self._transport.close()
            self._load.open -= 1
            if not self._load.open:
                self._load.done.set_result(None)
            return
        person = next(self._load.numbers) % self._load.people
        self._transport.write(
            b"GET /v2.0/lead/enrich?linkedin_url=http%%3A%%2F%%2Fwww.linkedin.com%%2Fin%%2Fperson-%d HTTP/1.1\r\n"
            b"Host: 127.0.0.1\r\nx-api-key: benchmark\r\nAccept: application/json\r\nAccept-Encoding: gzip, deflate\r\n"
            b"\r\n" % person
        )


class _Load:
    """The state that the connections share."""

    def __init__(self, seconds: float, connections: int, people: int) -> None:
        self.people, self.open = people, connections
        self.until = perf_counter() + seconds
        self.answered = 0
        self.numbers = count()
        self.done = asyncio.get_running_loop().create_future()


async def _load(port: int, seconds: float, connections: int, people: int) -> float:
    """Answers per second."""
    load = _Load(seconds, connections, people)
    started = perf_counter()
    loop = asyncio.get_running_loop()
    for _ in range(connections):
        await loop.create_connection(lambda: _Asker(load), "127.0.0.1", port)
    await load.done
    return load.answered / (perf_counter() - started)


def _measure(port: int, seconds: float, connections: int, people: int) -> float:
    """For the client's own process."""
    return asyncio.run(_load(port, seconds, connections, people))


@click.command()
@click.option("--seconds", default=5.0, show_default=True, help="How long each load lasts.")
@click.option("--connections", default=32, show_default=True, help="Requests in flight.")
@click.option("--people", default=1_000_000, show_default=True, help="How many different people are asked for at most.")
def main(seconds: float, connections: int, people: int) -> None:
    """Measure the sandbox's answers per second."""
    with Sandbox() as sandbox, multiprocessing.get_context("spawn").Pool(1) as client:
        for label, asked in (("people met for the first time", people), ("people met before", 100)):
            per_s = client.apply(_measure, (sandbox.port, seconds, connections, asked))
            print(f"{per_s:8,.0f} answers/s  {label}, {connections} in flight")
            if per_s < REQUIRED_PER_S:
                sys.exit(f"The sandbox must carry {REQUIRED_PER_S:,} answers/s.")


if __name__ == "__main__":
    main()
