"""Simulated time: threads that run one at a time, in an order drawn from a seed, while nobody really waits.

A thread gives its turn up only where it asks its `Runtime` to wait, or a store for a transaction. Who runs next is
drawn among those that can; where nobody can, time jumps to the first who is due. So a run of hours takes as long as its
computing does, and the same seed gives the same history. The threads are greenlets: all of a world live in the thread
that made it, where a change of turns costs a microsecond.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import inf
from random import Random
from typing import ParamSpec, TypeVar

import sqlalchemy as sa
from greenlet import getcurrent, greenlet

from functions.runtime import Event, Pool, Runtime, Thread
from functions.store import schema
from functions.store.database import Store

P = ParamSpec("P")
T = TypeVar("T")
START = datetime(2026, 1, 1, tzinfo=UTC)
MAX_FREEZE_S = 3_600.0
"""The longest that a suspended machine stands still."""
SHORT_S = 1.0
"""A wait that is shorter looks for something again and again."""
SLACKENS, MAX_SLACK = 1.25, 10.0
"""A thread that looks in vain is woken later each time by this factor, and at most by that: no real one is punctual."""


class Killed(BaseException):
    """The process of this thread is no more."""


def _never() -> bool:
    return False


def _always() -> bool:
    return True


@dataclass(eq=False, slots=True)
class _Turn:
    """A thread, and what it waits for."""

    name: str
    process: Process
    thread: greenlet
    due_s: float = 0.0
    ready: Callable[[], bool] = _always
    slack: float = 1.0
    """Grows while it looks for something in vain."""
    ended: bool = False


class World:
    """Everything that happens in one simulation. The thread that makes it is its first one, of the process `person`."""

    def __init__(self, seed: int, max_freeze_s: float = MAX_FREEZE_S, max_steps: float = inf) -> None:
        self.random = Random(seed)
        self.max_freeze_s, self.max_steps = max_freeze_s, max_steps
        self.now_s = 0.0
        self.history: list[tuple[float, str, str]] = []
        """The time, the thread, and what it was about to do."""
        self.failures: list[BaseException] = []
        """The error of a thread that should not have ended so."""
        self.person = Process(self, "person")
        self.outside = Process(self, "outside")
        """Everybody else's machines: they go on while our processes die."""
        self._current = _Turn("person", self.person, getcurrent())
        self._turns = [self._current]
        self._after_an_end = greenlet(self._go_on)

    def wait(self, what: str, seconds: float, ready: Callable[[], bool] = _never) -> None:
        """Gives the turn up for so many seconds, or until it is ready; comes back with the turn.

        Raises:
            Killed: the process died before, or meanwhile.
        """
        me = self._current
        me.process.reach(what)
        if 0 < seconds < SHORT_S:
            seconds *= me.slack
            me.slack = min(MAX_SLACK, me.slack * SLACKENS)
        me.due_s, me.ready = self.now_s + seconds, ready
        chosen = self._choose()
        if chosen is not me:
            self._current = chosen
            chosen.thread.switch()
        if self.now_s < me.due_s or seconds >= MAX_SLACK * SHORT_S:
            me.slack = 1.0  # what it waited for has come, or it does something else now
        if me.process.dead:
            raise Killed

    def spawn(self, process: Process, work: Callable[[], object], name: str) -> _Spawned:
        """Starts a thread; it gets its turn later."""

        def run(*_: object) -> None:
            try:
                if not process.dead:
                    work()
            except Killed:
                pass
            except BaseException as error:  # noqa: BLE001 - `close` raises it in the test's own thread
                self.failures.append(error)
            turn.ended = True
            self._turns.remove(turn)

        turn = _Turn(f"{process.name}: {name}", process, greenlet(run, self._after_an_end))
        self._turns.append(turn)
        return _Spawned(self, turn)

    def record(self, what: str) -> None:
        """Writes history."""
        self.history.append((round(self.now_s, 6), self._current.name, what))
        if len(self.history) > self.max_steps:
            raise RuntimeError(f"{self._current.name} goes round in circles: {what}")

    def close(self) -> None:
        """Ends every process, lets every thread end, and raises what went wrong in one of them."""
        others = [turn for turn in self._turns if turn is not self._current]
        for turn in others:
            turn.process.dead = True
        self.person.dead = False
        self.wait("close", inf, lambda: len(self._turns) == 1)
        if self.failures:
            raise self.failures[0]

    def _go_on(self, *_: object) -> None:
        """Hands the turn on for those that have ended."""
        while True:
            self._current = self._choose()
            self._current.thread.switch()

    def _choose(self) -> _Turn:
        while True:
            now_s = self.now_s
            able = [
                it
                for it in self._turns
                if it.process.dead or (it.process.frozen_until_s <= now_s and (it.due_s <= now_s or it.ready()))
            ]
            if able:
                return able[0] if len(able) == 1 else self.random.choice(able)
            due_s = min(max(it.due_s, it.process.frozen_until_s) for it in self._turns)
            if due_s == inf:
                due_s = min((at for it in self._turns if (at := it.process.frozen_until_s) > now_s), default=inf)
            if due_s == inf:
                raise RuntimeError(f"Everybody waits for somebody else: {[it.name for it in self._turns]}")
            self.now_s = due_s


class Process(Runtime):
    """A process in a world: its clocks, its threads, and its death."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name
        self.dead = False
        self.dies_in: float = inf
        """After how many more steps it dies."""
        self.freezes_in: float = inf
        """After how many more steps it freezes for a while, as a suspended machine does."""
        self.frozen_until_s = 0.0

    def reach(self, what: str) -> None:
        """Counts a step of this process; at its last one it dies.

        Raises:
            Killed: it is dead.
        """
        if self.dead:
            raise Killed
        self.world.record(what)
        self.dies_in -= 1
        self.freezes_in -= 1
        if self.freezes_in == 0:
            self.frozen_until_s = self.world.now_s + self.world.max_freeze_s * self.world.random.random()
            self.world.record("freezes")
        if self.dies_in <= 0:
            self.world.record("dies")
            self.dead = True
            raise Killed

    def now(self) -> datetime:
        """The present."""
        return START + timedelta(seconds=self.world.now_s)

    def monotonic(self) -> float:
        """Seconds since the world began."""
        return self.world.now_s

    def random(self) -> float:
        """The next of the world's random numbers."""
        return self.world.random.random()

    def sleep(self, seconds: float) -> None:
        """Waits in simulated time."""
        self.world.wait("sleep", seconds)

    def event(self) -> Event:
        """An event of this world."""
        return _Event(self)

    def spawn(self, work: Callable[[], object], *, name: str) -> Thread:
        """Starts a thread of this process."""
        return self.world.spawn(self, work, name)

    def pool(self, size: int, *, name: str) -> Pool:
        """A pool of threads of this process."""
        return _Pool(self, size, name)

    def call_outside(self, work: Callable[[], T], what: str, *, there_s: float, back_s: float, patience_s: float) -> T:
        """Has something done elsewhere, where it is done also if this process dies meanwhile.

        Raises:
            TimeoutError: no answer came in time.
        """
        done: Future[T] = Future()

        def serve() -> None:
            self.world.outside.sleep(there_s)
            self.world.record(what)
            try:
                answer = work()
            except Exception as error:  # noqa: BLE001 - the caller's to meet
                self.world.outside.sleep(back_s)
                done.set_exception(error)
                return
            self.world.outside.sleep(back_s)
            done.set_result(answer)

        self.world.spawn(self.world.outside, serve, what)
        self.world.wait(f"call {what}", patience_s, done.done)
        if not done.done():
            raise TimeoutError
        return done.result()


@dataclass(frozen=True, slots=True)
class _Spawned:
    """A thread that was started."""

    world: World
    turn: _Turn

    def join(self, timeout: float | None = None, /) -> None:
        self.world.wait("join", inf if timeout is None else timeout, lambda: self.turn.ended)


class _Event:
    def __init__(self, process: Process) -> None:
        self._process, self._is_set = process, False

    def is_set(self) -> bool:
        return self._is_set

    def set(self) -> None:
        self._is_set = True

    def clear(self) -> None:
        self._is_set = False

    def wait(self, timeout: float, /) -> bool:
        self._process.world.wait("wait", timeout, self.is_set)
        return self._is_set


class _Pool:
    def __init__(self, process: Process, size: int, name: str) -> None:
        self._process, self._size, self._name = process, size, name
        self._tasks: deque[Callable[[], None]] = deque()
        self._threads: list[Thread] = []
        self._closed = False

    def submit(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = work(*args, **kwargs)
            except Exception as error:  # noqa: BLE001 - the caller's to meet
                future.set_exception(error)
            else:
                future.set_result(result)

        self._tasks.append(run)
        if len(self._threads) < self._size:
            name = f"{self._name} {len(self._threads)}"
            self._threads.append(self._process.spawn(self._work, name=name))
        return future

    def shutdown(self) -> None:
        self._closed = True
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while True:
            self._process.world.wait("task", inf, lambda: bool(self._tasks) or self._closed)
            if self._tasks:
                self._tasks.popleft()()
            elif self._closed:
                return


class _Memory:
    """SQLite in memory, emptied for each world: one engine for all, so that each statement is compiled once."""

    def __init__(self) -> None:
        self._engine: sa.Engine | None = None
        self._empty = b""
        self.holder: object = None
        """Whose contents it has at present."""

    def of(self, holder: object) -> sa.Engine:
        """Return the engine; its tables are empty where somebody else had it before."""
        if self._engine is None:
            store = Store("sqlite://")
            with store.writing() as connection:
                schema.metadata.create_all(connection)
            self._engine = store.engine
            self._empty = self._driver().serialize()
        if self.holder is not holder:
            self.holder = holder
            self._driver().deserialize(self._empty)
        return self._engine

    def _driver(self) -> sqlite3.Connection:
        assert self._engine is not None
        with self._engine.connect() as connection:
            driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        return driver


_MEMORY = _Memory()


class SimulatedStore(Store):
    """A store in memory whose transactions begin and end with a step, so that others come between, and death does.

    All stores of a world hold the same; with the first one of another world its contents are gone.
    """

    def __init__(self, process: Process) -> None:
        super().__init__("sqlite://", process)
        self._process = process
        self.engine = _MEMORY.of(process.world)

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction; nothing else happens while it lasts."""
        self._process.world.wait("begin", 0.0)
        with self._whole(), super().writing() as connection:
            yield connection
        self._process.world.wait("committed", 0.0)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A view."""
        self._process.world.wait("read", 0.0)
        with self._whole(), super().reading() as connection:
            yield connection

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """Makes sure that nobody comes between."""
        world = self._process.world
        assert _MEMORY.holder is world, "another world has begun, so that the contents of this one are gone"
        steps = len(world.history)
        yield
        assert len(world.history) == steps, "something waits while it holds a transaction"
