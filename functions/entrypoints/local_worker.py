"""The worker on one machine, where the store is the queue: its threads run due chunks, and sweep now and then."""

from __future__ import annotations

import threading

from functions import logs
from functions.context import AppContext
from functions.errors import LeadfillError
from functions.jobs import balances
from functions.jobs.attempt import ChunkResult
from functions.jobs.chunk_runner import run_chunk
from functions.jobs.sweep import release_dead_owners, sweep
from functions.runtime import REAL, Runtime, Thread

THREADS = 2
"""While one chunk is written, another one is looked up."""
POLL_S = 0.3
"""Seconds between two looks into the store for work that another process has queued."""
SWEEP_S = 30.0
BALANCES_S = 60.0
"""Seconds between two looks whether a balance is old."""
END_S = 8.0
"""Seconds that a process that is asked to end waits for its chunks: less than its killer waits."""


class LocalWorker:
    """Runs chunks until it is stopped; `wake` makes it look at once."""

    def __init__(self, runtime: Runtime = REAL) -> None:
        self._runtime = runtime
        self._work, self._over = runtime.event(), runtime.event()
        self._threads: list[Thread] = []
        self._swept_s = float("-inf")
        self._sweeping = threading.Lock()

    def wake(self) -> None:
        """Tell the threads that there may be work."""
        self._work.set()

    def start(self, context: AppContext) -> None:
        """Starts the threads; they end with `stop`, or with the process."""
        for number in range(THREADS):
            self._threads.append(self._runtime.spawn(lambda: self._run(context), name=f"worker {number}"))
        self._runtime.spawn(lambda: self._read_balances(context), name="balances")

    def stop(self) -> None:
        """Wait a moment for its chunks: sent lookups are settled and written; the next process continues the rest."""
        self._over.set()
        self._work.set()
        until_s = self._runtime.monotonic() + END_S
        for thread in self._threads:
            thread.join(max(0.0, until_s - self._runtime.monotonic()))

    def _run(self, context: AppContext) -> None:
        while not self._over.is_set():
            try:
                self._sweep(context)
                if run_chunk(context) is ChunkResult.DONE:
                    continue
            except LeadfillError as error:
                logs.warning("Chunk attempt failed; it will be retried.", slug=error.slug)
            except Exception:  # noqa: BLE001 - the worker's edge: whatever it is, the next chunk must not suffer
                logs.failure("A chunk failed; it is tried again when its lease is over.")
            self._work.wait(POLL_S)
            self._work.clear()

    def _read_balances(self, context: AppContext) -> None:
        """Read the balances beside the chunks; `stop` does not wait for it, since a provider may be slow to answer."""
        while not self._over.is_set():
            try:
                balances.refresh(context)
            except LeadfillError as error:
                logs.warning("Reading balances failed; it is tried again.", slug=error.slug)
            self._over.wait(BALANCES_S)

    def _sweep(self, context: AppContext) -> None:
        with self._sweeping:
            if self._runtime.monotonic() - self._swept_s < SWEEP_S:
                return
            self._swept_s = self._runtime.monotonic()
        release_dead_owners(context.store, context.clock(), context.is_dead)
        sweep(context)
