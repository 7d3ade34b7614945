"""Queues and tasks, and when a task is due; no I/O and no waiting."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from local.sheets_api.google_errors import Json
from tests.support.cloud_tasks.errors import PermissionDenied, no_queue, no_task
from tests.support.cloud_tasks.switches import Switches

MAX_BURST = 100
SLOWEST = 1 / 64
"""The lowest share of its rate to which answers of 429 and 503 slow a queue down."""


@dataclass(frozen=True, slots=True)
class RetryConfig:
    """The retry policy of a queue; the defaults are Google's."""

    max_attempts: int = 100
    max_retry_duration_s: float = 0.0
    min_backoff_s: float = 0.1
    max_backoff_s: float = 3600.0
    max_doublings: int = 16

    def backoff_s(self, failures: int) -> float:
        """Return the wait after this many failures: it doubles, then grows evenly, then stays."""
        doublings = min(failures - 1, self.max_doublings)
        steps = max(1, failures - self.max_doublings)
        return float(min(self.max_backoff_s, self.min_backoff_s * 2**doublings * steps))

    def gives_up(self, attempts: int, elapsed_s: float) -> bool:
        """Return whether there is no further attempt: a limit that is set must be passed, and one must be set."""
        counted, timed = self.max_attempts >= 0, self.max_retry_duration_s > 0
        return (
            (counted or timed)
            and (not counted or attempts >= self.max_attempts)
            and (not timed or elapsed_s >= self.max_retry_duration_s)
        )


@dataclass(slots=True)
class Task:
    """One task; times are seconds since 1970."""

    name: str
    request: Json
    """`httpRequest`, as it was created."""
    created_at: float
    due_at: float
    """The time at which it is due by the API; deliveries may be later."""
    ready_at: float
    """The time of its delivery."""
    deadline_s: float
    dispatches: int = 0
    responses: int = 0
    executions: int = 0
    """Responses other than 5xx, as `X-CloudTasks-TaskExecutionCount` counts."""
    first_dispatch_at: float | None = None
    last_attempt: Json | None = None
    previous_status: int | None = None
    in_flight: bool = False
    forced: bool = False
    """To be dispatched now, whatever the queue allows."""
    retry_reason: str = ""
    """The reason of the next delivery, if it is a repeat."""


@dataclass(slots=True)
class Counts:
    """Counts since the start."""

    created: int = 0
    dispatched: int = 0
    """Deliveries begun, duplicates among them."""
    duplicates: int = 0
    done: int = 0
    failed: int = 0
    """Deliveries that failed."""
    given_up: int = 0
    in_flight: int = 0
    """Deliveries that are under way, late duplicates among them."""
    attempts_max: int = 0
    """The most tasks that were with the worker at once, without duplicates."""


@dataclass(slots=True)
class Queue:
    """One queue."""

    name: str
    state: str = "RUNNING"
    retry: RetryConfig = field(default_factory=RetryConfig)
    dispatches_per_s: float = 500.0
    concurrent: int = 1000
    purged_at: float | None = None
    tasks: dict[str, Task] = field(default_factory=dict)
    taken: dict[str, float] = field(default_factory=dict)
    """Names of tasks that ended, and until when they are taken."""
    counts: Counts = field(default_factory=Counts)
    pace: float = 1.0
    """1, or less while the worker answers 429 or 503."""
    attempts: int = 0
    """Tasks that are with the worker, each counted once; what `concurrent` limits."""
    allowance: float = 1.0
    allowance_at: float = 0.0

    @property
    def burst(self) -> int:
        """Return the number of tasks that may be dispatched at once after a pause."""
        return min(MAX_BURST, max(1, math.ceil(self.dispatches_per_s)))

    def refill(self, now: float) -> float:
        """Tops the token bucket up; gives how long until a task may be dispatched, 0 if one may now."""
        rate = self.dispatches_per_s * self.pace
        self.allowance = min(float(self.burst), self.allowance + max(0.0, now - self.allowance_at) * rate)
        self.allowance_at = now
        if self.allowance >= 1:
            return 0.0
        return math.inf if rate == 0 else (1 - self.allowance) / rate

    def has_room(self) -> bool:
        """Return whether another task may be in flight."""
        return self.attempts < max(1, int(self.concurrent * self.pace)) and self.concurrent > 0

    def slow_down(self) -> None:
        """The worker asked for it."""
        self.pace = max(SLOWEST, self.pace / 2)

    def speed_up(self) -> None:
        """The worker can take it."""
        self.pace = min(1.0, self.pace * 1.5)


class State:
    """Everything that the emulator knows.

    Args:
        issuer: URL of the local issuer; without one, tasks with an `oidcToken` cannot be delivered.
        clock: seconds since 1970.
    """

    def __init__(self, *, issuer: str = "", clock: Callable[[], float] = time.time) -> None:
        self.issuer, self.clock = issuer.rstrip("/"), clock
        self.queues: dict[str, Queue] = {}
        self.faults: list[str] = []
        """Faults of the emulator itself."""
        self.changed = asyncio.Event()
        """Something may be due sooner than was thought."""
        self.switch(Switches())

    def switch(self, switches: Switches) -> None:
        """Sets all switches and begins the random draws anew."""
        self.switches, self.random = switches, random.Random(switches.seed)

    def queue(self, name: str) -> Queue:
        """One queue. Raises GoogleError, 404."""
        if name not in self.queues:
            raise no_queue()
        return self.queues[name]

    def task(self, name: str) -> tuple[Queue, Task]:
        """One task and its queue. Raises GoogleError, 404."""
        queue = self.queue(name.rpartition("/tasks/")[0])
        if name not in queue.tasks:
            raise no_task()
        return queue, queue.tasks[name]

    def require(self, permission: str, resource: str) -> None:
        """Make sure that the caller has a permission. Raises GoogleError, 403."""
        if permission in self.switches.lacks:
            raise PermissionDenied(permission, resource)

    def lateness_s(self) -> float:
        """Return the delay of one delivery."""
        return self.random.uniform(*self.switches.delay_s)

    def end(self, queue: Queue, task: Task) -> None:
        """Removes a task; its name stays taken for a while."""
        if queue.tasks.get(task.name) is task:
            del queue.tasks[task.name]
            queue.taken[task.name] = self.clock() + self.switches.names_taken_s

    def due(self, queue: Queue) -> tuple[Task | None, float]:
        """The task to deliver next, if one is due; else how long until one is."""
        now = self.clock()
        waiting = [task for task in queue.tasks.values() if not task.in_flight]
        due = [task for task in waiting if task.ready_at <= now]
        if due:
            return self.random.choice(due) if self.switches.reorder else min(due, key=lambda t: t.ready_at), 0.0
        return None, min((task.ready_at - now for task in waiting), default=math.inf)

    def report(self) -> Json:
        """The counts, of each queue and of all."""
        names = Counts.__slots__
        queues = {
            name: {key: getattr(queue.counts, key) for key in names}
            | {"pending": sum(not task.in_flight for task in queue.tasks.values()), "tasks": len(queue.tasks)}
            for name, queue in self.queues.items()
        }
        total = {key: sum(counts[key] for counts in queues.values()) for key in (*names, "pending", "tasks")}
        return {**total, "queues": queues, "faults": self.faults}
