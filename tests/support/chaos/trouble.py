"""Faults under chaos: processes die or freeze, the database breaks off, all others misbehave."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

import psutil
import requests

from local.providers.client import Sandbox
from local.stack import NotStarted
from tests.support.postgresql import Server
from tests.support.running import Running

WORKERS = 3
CLOCKS_OFF_S = (-600, -20, 0, 20, 600)
LONG = timedelta(minutes=11)
"""Longer than any lease, claim or lock."""
RESTARTS = 5
LOT = {
    "slintel": {"not_found_rate": 0.04, "empty_data_rate": 0.02, "no_email_rate": 0.3, "charge_on_504_rate": 0.5},
    "prospeo": {"enriched_before_rate": 0.1},
}
"""What is always so: people whom a provider does not know, of whom it has no address, or who were paid for before."""


@dataclass(slots=True)
class Trouble:
    """The trouble of one seed."""

    running: Running
    sandboxes: Mapping[str, Sandbox]
    """The providers, by name."""
    server: Server
    draw: random.Random
    made: Counter[str] = field(default_factory=Counter)

    @property
    def url(self) -> str:
        """The database."""
        return self.running.stack.environ["DATABASE_URL"]

    def begin(self, seed: int) -> None:
        """From now on the provider, the sheets and the queue misbehave."""
        for number, (name, sandbox) in enumerate(self.sandboxes.items()):
            sandbox.switch(
                seed=seed + 1_000 * number,
                latency_s=0.25,
                latency_sigma=0.4,
                burst_per_s=self.draw.choice([None, 25.0]),
                retry_after_s=self.draw.choice([None, 1.0]),
                error_rate=0.05,
                hang_up_before_rate=0.03,
                hang_up_after_rate=0.03,
                broken_json_rate=0.02,
                **LOT[name],
            )
        self.running.emulator.switch(error_rate=0.08, error_statuses=[429, 503], seed=seed, latency_s=0.02)
        self._queue(seed=seed, duplicate_rate=0.3, delay_s=[0.0, 0.5], reorder=True)

    def rest(self) -> None:
        """From now on everybody behaves."""
        faults = ("error_rate", "hang_up_before_rate", "hang_up_after_rate", "broken_json_rate", "latency_s")
        for sandbox in self.sandboxes.values():
            sandbox.switch(**dict.fromkeys(faults, 0.0), burst_per_s=None)
        self.running.emulator.switch()
        self._queue(duplicate_rate=0.0, delay_s=[0.0, 0.0], reorder=False)

    def strike(self) -> None:
        """One misfortune."""
        kinds: dict[Callable[[], None], int] = {
            self.kill: 5,
            self.freeze: 1,
            self.cut: 3,
            self.crash: 1,
            self.restart: 1,
            self.sweep: 2,
            self.power_cut: 1,
        }
        kind = self.draw.choices(list(kinds), list(kinds.values()))[0]
        self.made[kind.__name__] += 1
        kind()

    def kill(self) -> None:
        """One worker loses its power, in the middle of whatever it does."""
        name = self.draw.choice(self.workers)
        self._kill(name)
        self._start([name])

    def freeze(self) -> None:
        """One worker stands still for some seconds."""
        processes = self._processes(self.draw.choice(self.workers))
        for process in processes:
            process.send_signal(signal.SIGSTOP)
        time.sleep(self.draw.uniform(1, 3))
        for process in processes:
            process.send_signal(signal.SIGCONT)

    def cut(self) -> None:
        """Every connection to the database breaks."""
        self.server.cut(self.url)

    def crash(self) -> None:
        """The database crashes and recovers."""
        self.server.crash(self.url)

    def restart(self) -> None:
        """The database is restarted."""
        self.server.restart()

    def sweep(self) -> None:
        """The scheduler calls."""
        headers = self.running.service(aud=self.running.stack.environ["SWEEP_URL"])
        with suppress(requests.RequestException):
            self.running.session.post(self.running.stack.urls["sweep"], headers=headers, timeout=60)

    def power_cut(self) -> None:
        """Every function dies, and comes back after so long that what the dead held is over."""
        names = [*self.workers, "sweep", "api"]
        for name in names:
            self._kill(name)
        self.server.pass_time(self.url, LONG)
        self._start(names)

    @property
    def workers(self) -> Sequence[str]:
        """Names of the instances."""
        return [f"worker-{number}" for number in range(WORKERS)]

    def _processes(self, name: str) -> list[psutil.Process]:
        """A function's processes: one that watches, then the one that works."""
        process = self.running.stack.parts[name].process
        if process is None:
            return []
        first = psutil.Process(process.pid)
        return [first, *first.children(recursive=True)]

    def _kill(self, name: str) -> None:
        processes = self._processes(name)
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(processes)
        self.running.stack.parts[name].stop(kill=True)

    def _start(self, names: Sequence[str]) -> None:
        """Starts functions again, each with a clock of its own; like the cloud, once more where one cannot start."""
        self.running.stack.environ["CHAOS_CLOCK_OFF_S"] = str(self.draw.choice(CLOCKS_OFF_S))
        with ThreadPoolExecutor(len(names)) as threads:
            list(threads.map(self._start_one, names))

    def _start_one(self, name: str) -> None:
        for attempt in range(RESTARTS):
            try:
                self.running.stack.restart(name)
            except NotStarted:
                if attempt == RESTARTS - 1:
                    raise
                time.sleep(1)
            else:
                return

    def _queue(self, **switches: object) -> None:
        url = f"{self.running.stack.urls['tasks']}/_emulator/switch"
        self.running.session.put(url, json=switches, timeout=10).raise_for_status()
