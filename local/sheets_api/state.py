"""All that one running emulator knows: workbooks, tokens, switches, the log of calls, who listens for changes."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from dataclasses import dataclass, field

from local.sheets_api.between import Between
from local.sheets_api.google_errors import Json
from local.sheets_api.switches import Quota, Switches
from local.sheets_api.users import User
from local.sheets_api.workbook import Workbook

LOGGED_CALLS = 1000


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """One call of an API method, as it ended."""

    method: str
    path: str
    user: str
    status: int
    request_bytes: int = 0
    answer_bytes: int = 0
    at_s: float = field(default_factory=time.monotonic)
    """When it ended, on a clock that only tells distances."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """Bytes of the bodies that a method's calls carried, all together and at most in one."""

    requests: int = 0
    answers: int = 0
    largest_request: int = 0
    largest_answer: int = 0

    def with_call(self, call: LoggedCall) -> Traffic:
        """Return the sums and maxima with one more call."""
        return Traffic(
            self.requests + call.request_bytes,
            self.answers + call.answer_bytes,
            max(self.largest_request, call.request_bytes),
            max(self.largest_answer, call.answer_bytes),
        )


@dataclass
class State:
    """Shared by the API and the control endpoints; touched on the event loop only (or while no call is under way)."""

    workbooks: dict[str, Workbook] = field(default_factory=dict)
    tokens: dict[str, User] = field(default_factory=dict)
    switches: Switches = field(default_factory=Switches)
    between: Between = field(default_factory=Between)
    log: deque[LoggedCall] = field(default_factory=lambda: deque(maxlen=LOGGED_CALLS))
    counts: Counter[str] = field(default_factory=Counter)
    listeners: dict[str, set[asyncio.Queue[Json]]] = field(default_factory=dict)
    bytes: dict[str, Traffic] = field(default_factory=dict)
    """By method."""
    faults: list[str] = field(default_factory=list)
    """The emulator's own faults: answers against the discovery document, unexpected exceptions."""

    def __post_init__(self) -> None:
        self.quota = Quota(self.switches)

    def switch(self, switches: Switches) -> None:
        """Set all switches anew; the quota starts unused."""
        self.switches = switches
        self.quota = Quota(switches)

    def record(self, call: LoggedCall) -> None:
        """Log a call."""
        self.log.append(call)
        self.counts[call.method] += 1
        self.bytes[call.method] = self.bytes.get(call.method, Traffic()).with_call(call)

    def forget_calls(self) -> None:
        """Start the log and the counts again."""
        self.log.clear()
        self.counts.clear()
        self.bytes.clear()

    def announce(self, workbook: Workbook, event: Json) -> None:
        """Tell everybody who listens to a workbook that it changed."""
        workbook.revision += 1
        lines = [change.shown() for change in workbook.line_changes if change.revision == workbook.revision]
        for queue in self.listeners.get(workbook.id, ()):
            queue.put_nowait({"revision": workbook.revision, "lines": lines, **event})
