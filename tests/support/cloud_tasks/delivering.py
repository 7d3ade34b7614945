"""Delivers tasks to their workers: due, within the queue's limits, tried again after a failure."""

from __future__ import annotations

import asyncio
import base64
import math
import time
from collections.abc import Mapping

import aiohttp

from local.secret import HEADER
from local.sheets_api.google_errors import Json
from tests.support.cloud_tasks.state import Queue, State, Task
from tests.support.cloud_tasks.times import instant

TOKEN_KEPT_S = 600
"""Seconds for which a token is used again: far less than the hour that it is valid."""
DEADLINE_EXCEEDED, PERMISSION_DENIED, UNAVAILABLE = 4, 7, 14
"""Codes of google.rpc.Code."""
CODES = {400: 3, 401: 16, 403: 7, 404: 5, 409: 10, 429: 8, 500: 13, 501: 12, 503: 14, 504: 4}
_REASONS = {0: "NO_RESPONSE"}
"""Reasons of a repeat by HTTP status; Google documents that there is one, and not its words."""
SLOWING = frozenset({429, 503})
REPLACED = frozenset({"host", "content-length", "user-agent", "authorization"})
"""Headers that Cloud Tasks sets itself; an `Authorization` only where the task has a token."""


class Delivery:
    """Delivers the tasks of a state until it is cancelled; `secret` is what the issuer gives tokens for."""

    def __init__(self, state: State, session: aiohttp.ClientSession, secret: str) -> None:
        self._state, self._session = state, session
        self._proof = {HEADER: secret}
        self._tokens: dict[tuple[str, str], tuple[str, float]] = {}
        self._under_way: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Delivers what is due, sleeps until something else is."""
        while True:
            self._state.changed.clear()
            pause_s = min((self._deliver_due(queue) for queue in self._state.queues.values()), default=math.inf)
            try:
                await asyncio.wait_for(self._state.changed.wait(), None if pause_s == math.inf else pause_s)
            except TimeoutError:
                continue

    def _deliver_due(self, queue: Queue) -> float:
        """Begins every delivery that may begin now; gives how long until the next one may."""
        for forced in [task for task in queue.tasks.values() if task.forced]:
            forced.forced = False
            if forced.in_flight:
                queue.counts.in_flight += 1
                self._spawn(self._duplicate(queue, forced, _headers(queue, forced), 0.0))
            else:
                self._begin(queue, forced)
        while queue.state == "RUNNING" and queue.has_room():
            task, pause_s = self._state.due(queue)
            if task is None:
                return pause_s
            pause_s = queue.refill(self._state.clock())
            if pause_s:
                return pause_s
            queue.allowance -= 1
            self._begin(queue, task)
        return math.inf  # a resumed queue and an ended delivery set `changed`

    def _begin(self, queue: Queue, task: Task) -> None:
        now = self._state.clock()
        counts = queue.counts
        task.in_flight = True
        task.dispatches += 1
        queue.attempts += 1
        counts.attempts_max = max(counts.attempts_max, queue.attempts)
        counts.dispatched += 1
        counts.in_flight += 1
        task.first_dispatch_at = task.first_dispatch_at or now
        task.last_attempt = {"scheduleTime": instant(task.due_at), "dispatchTime": instant(now)}
        headers = _headers(queue, task)
        self._spawn(self._attempt(queue, task, headers))
        if self._state.random.random() < self._state.switches.duplicate_rate:
            counts.duplicates += 1
            counts.in_flight += 1  # already now, so that nobody takes its pause for the end
            self._spawn(self._duplicate(queue, task, headers, self._state.lateness_s()))

    def _spawn(self, work: object) -> None:
        under_way = asyncio.ensure_future(work)  # type: ignore[call-overload] # one of the coroutines above
        self._under_way.add(under_way)
        under_way.add_done_callback(self._under_way.discard)

    async def _duplicate(self, queue: Queue, task: Task, headers: Mapping[str, str], pause_s: float) -> None:
        """Delivers once more what is, or was, delivered anyway; the answer makes no difference."""
        try:
            await asyncio.sleep(pause_s)
            queue.counts.dispatched += 1
            await self._send(task, headers)
        finally:
            queue.counts.in_flight -= 1
            self._state.changed.set()

    async def _attempt(self, queue: Queue, task: Task, headers: Mapping[str, str]) -> None:
        counts = queue.counts
        try:
            status, code, retry_after_s = await self._send(task, headers)
        finally:
            counts.in_flight -= 1
            queue.attempts -= 1
            task.in_flight = False
            self._state.changed.set()
        _note(task, status, code, self._state.clock())
        task.retry_reason = _REASONS.get(status, "NON_2XX_STATUS_CODE")
        if 200 <= status < 300:
            counts.done += 1
            queue.speed_up()
            self._state.end(queue, task)
            return
        counts.failed += 1
        if status in SLOWING:
            queue.slow_down()
        self._try_again(queue, task, retry_after_s)

    def _try_again(self, queue: Queue, task: Task, retry_after_s: float) -> None:
        now = self._state.clock()
        if queue.retry.gives_up(task.dispatches, now - (task.first_dispatch_at or now)):
            queue.counts.given_up += task.name in queue.tasks
            self._state.end(queue, task)
            return
        task.due_at = now + max(retry_after_s, queue.retry.backoff_s(task.dispatches))
        task.ready_at = task.due_at + self._state.lateness_s()

    async def _send(self, task: Task, headers: Mapping[str, str]) -> tuple[int, int, float]:
        """Calls the worker; gives HTTP status (0: none), google.rpc.Code, and the pause that it asks for."""
        request = task.request
        timeout = aiohttp.ClientTimeout(total=task.deadline_s * self._state.switches.deadline_factor)
        try:
            headers = {**headers, **await self._authorization(request)}
        except aiohttp.ClientError as error:
            self._state.faults.append(f"The issuer gave no token: {error!r}")
            return 0, PERMISSION_DENIED, 0.0
        body = base64.b64decode(request.get("body", ""))
        try:
            async with self._session.request(
                request["httpMethod"], request["url"], data=body or None, headers=headers, timeout=timeout
            ) as answer:
                await answer.read()
                return answer.status, CODES.get(answer.status, 2), _retry_after_s(answer.headers)
        except TimeoutError:
            return 0, DEADLINE_EXCEEDED, 0.0
        except (aiohttp.ClientError, OSError):
            return 0, UNAVAILABLE, 0.0

    async def _authorization(self, request: Json) -> dict[str, str]:
        if "oidcToken" not in request:
            return {}
        email = request["oidcToken"]["serviceAccountEmail"]
        audience = request["oidcToken"].get("audience") or request["url"]
        token, until_s = self._tokens.get((email, audience), ("", 0.0))
        if time.monotonic() >= until_s:
            url = f"{self._state.issuer}/service-token"
            body = {"email": email, "aud": audience}
            async with self._session.post(url, json=body, headers=self._proof, raise_for_status=True) as answer:
                token = (await answer.json())["token"]
            self._tokens[email, audience] = token, time.monotonic() + TOKEN_KEPT_S
        return {"Authorization": f"Bearer {token}"}


def _headers(queue: Queue, task: Task) -> dict[str, str]:
    """Return the headers that Cloud Tasks sends: https://cloud.google.com/tasks/docs/creating-http-target-tasks#handler."""
    given = {
        name: value
        for name, value in task.request.get("headers", {}).items()
        if name.lower() not in REPLACED and not name.lower().startswith(("x-google-", "x-appengine-", "x-cloudtasks-"))
    }
    ours = {
        "User-Agent": "Google-Cloud-Tasks",
        "X-CloudTasks-QueueName": queue.name.rpartition("/")[2],
        "X-CloudTasks-TaskName": task.name.rpartition("/")[2],
        "X-CloudTasks-TaskRetryCount": str(task.dispatches - 1),
        "X-CloudTasks-TaskExecutionCount": str(task.executions),
        "X-CloudTasks-TaskETA": f"{task.due_at:.6f}",
    }
    if task.previous_status is not None:
        ours["X-CloudTasks-TaskPreviousResponse"] = str(task.previous_status)
    if task.retry_reason:
        ours["X-CloudTasks-TaskRetryReason"] = task.retry_reason
    return {**given, **ours}


def _note(task: Task, status: int, code: int, now: float) -> None:
    """Keeps what an attempt came to."""
    attempt = task.last_attempt = dict(task.last_attempt or {})
    if status:
        task.responses += 1
        task.executions += status < 500
        task.previous_status = status
    attempt["responseTime"] = instant(now)
    message = f"HTTP status code {status}" if status else "No response."
    attempt["responseStatus"] = {} if 200 <= status < 300 else {"code": code, "message": message}


def _retry_after_s(headers: Mapping[str, str]) -> float:
    text = headers.get("Retry-After", "")
    return float(text) if text.isdecimal() else 0.0
