"""The API's methods about tasks."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from typing import Any
from urllib.parse import urlsplit

from functions.auth.certificates import LOOPBACK
from local.sheets_api.google_errors import Json, invalid
from tests.support.cloud_tasks.errors import AlreadyExists
from tests.support.cloud_tasks.state import Queue, State, Task
from tests.support.cloud_tasks.times import duration, duration_s, instant, instant_s

MAX_TASK = 1024 * 1024
"""Bytes."""
MAX_HEADERS = 80 * 1024
"""Bytes of names and values; Google says that they must have less."""
MAX_URL = 2083
FURTHEST_S = 30 * 24 * 3600
"""The furthest ahead that a task may be scheduled."""
DEADLINES_S = (15.0, 1800.0)
DEFAULT_DEADLINE_S = 600.0
WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_ID = re.compile(r"[A-Za-z0-9_-]{1,500}")


def shown(task: Task, view: str | None = None) -> Json:
    """Return a task as the API shows it; the body in the full view only."""
    full = view == "FULL"
    answer: Json = {
        "name": task.name,
        "httpRequest": {key: value for key, value in task.request.items() if full or key != "body"},
        "scheduleTime": instant(task.due_at),
        "createTime": instant(int(task.created_at)),
        "dispatchDeadline": duration(task.deadline_s),
        "view": "FULL" if full else "BASIC",
    }
    if task.dispatches:
        answer["dispatchCount"] = task.dispatches
    if task.responses:
        answer["responseCount"] = task.responses
    if task.first_dispatch_at is not None:
        answer["firstAttempt"] = {"dispatchTime": instant(task.first_dispatch_at)}
    if task.last_attempt is not None:
        answer["lastAttempt"] = task.last_attempt
    return answer


def create(state: State, parent: str, _query: Json, body: Json) -> Json:
    """`projects.locations.queues.tasks.create`."""
    queue = state.queue(parent)
    given: Json = body.get("task", {})
    name = _name(queue, given)
    request = _request(given)
    if "oidcToken" in request:
        state.require("iam.serviceAccounts.actAs", request["oidcToken"]["serviceAccountEmail"])
    now = state.clock()
    if name in queue.tasks:
        raise AlreadyExists("Requested entity already exists")
    if queue.taken.get(name, 0) > now:
        raise AlreadyExists(
            "The task cannot be created because a task with this name existed too recently. For more information about "
            "task de-duplication see https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks/create"
        )
    due_at = max(now, instant_s(given["scheduleTime"], "task.schedule_time")) if "scheduleTime" in given else now
    if due_at > now + FURTHEST_S:
        raise invalid("Task.scheduleTime is too far in the future: at most 30 days.")
    task = Task(name, request, now, due_at, due_at + state.lateness_s(), _deadline_s(given))
    queue.tasks[name] = task
    queue.counts.created += 1
    state.changed.set()
    return shown(task, body.get("responseView"))


def get(state: State, name: str, query: Json, _body: Json) -> Json:
    """`projects.locations.queues.tasks.get`."""
    return shown(state.task(name)[1], query.get("responseView"))


def list_(state: State, parent: str, query: Json, _body: Json) -> Json:
    """`projects.locations.queues.tasks.list`."""
    tasks = state.queue(parent).tasks
    size = max(1, min(1000, query.get("pageSize") or 1000))
    names = [name for name in sorted(tasks) if name > query.get("pageToken", "")]
    answer: Json = {"tasks": [shown(tasks[name], query.get("responseView")) for name in names[:size]]}
    if len(names) > size:
        answer["nextPageToken"] = names[size - 1]
    return answer


def delete(state: State, name: str, _query: Json, _body: Json) -> Json:
    """`projects.locations.queues.tasks.delete`; a delivery that is under way goes on."""
    state.end(*state.task(name))
    return {}


def run(state: State, name: str, _query: Json, body: Json) -> Json:
    """`projects.locations.queues.tasks.run`: it is dispatched now, also if the queue is paused or full."""
    task = state.task(name)[1]
    task.due_at = task.ready_at = state.clock()
    task.forced = True
    state.changed.set()
    return shown(task, body.get("responseView"))


def _name(queue: Queue, given: Json) -> str:
    if "name" not in given:
        return f"{queue.name}/tasks/{secrets.randbelow(10**19):020}"
    name: str = given["name"]
    start = queue.name + "/tasks/"
    if not name.startswith(start):
        raise invalid(f'Task name must start with queue name: "{queue.name}", not "{name}".')
    if not _ID.fullmatch(name.removeprefix(start)):
        raise invalid(
            f'Task name must be formatted: "{start}<TASK_ID>", where TASK_ID can contain only letters ([A-Za-z]), '
            "numbers ([0-9]), hyphens (-), or underscores (_), at most 500 of them."
        )
    return name


def _request(given: Json) -> Json:
    request: Json | None = given.get("httpRequest")
    if request is None or "appEngineHttpRequest" in given:
        raise invalid("Task must have an HttpRequest; this emulator knows no App Engine.")
    url = request.get("url", "")
    if not url.startswith(("http://", "https://")) or len(url) > MAX_URL:
        raise invalid("HttpRequest.url must start with 'http://' or 'https://' and have at most 2083 characters.")
    if urlsplit(url).hostname not in LOOPBACK:
        raise invalid(f"HttpRequest.url must be on this machine: this is an emulator, and {url} is not.")
    method = request.get("httpMethod", "POST")
    if request.get("body") and method not in WITH_BODY:
        raise invalid(f"HTTP method {method} allows no body.")
    headers = sum(len(text.encode()) for pair in request.get("headers", {}).items() for text in pair)
    if headers >= MAX_HEADERS:
        raise invalid(f"HttpRequest.headers have {headers} bytes; they must have less than {MAX_HEADERS}.")
    size = len(_decoded(request.get("body", ""))) + headers
    if size > MAX_TASK:
        raise invalid(f"Task size too large: {size} bytes of at most {MAX_TASK}.")
    if "oidcToken" in request and not request["oidcToken"].get("serviceAccountEmail"):
        raise invalid("HttpRequest.oidc_token.service_account_email must be specified.")
    return {**request, "httpMethod": method}


def _decoded(body: str) -> bytes:
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise invalid(
            f"Invalid value at 'task.http_request.body' (TYPE_BYTES), Base64 decoding failed: {error}"
        ) from error


def _deadline_s(given: Json) -> float:
    if "dispatchDeadline" not in given:
        return DEFAULT_DEADLINE_S
    seconds = duration_s(given["dispatchDeadline"], "task.dispatch_deadline")
    if not DEADLINES_S[0] <= seconds <= DEADLINES_S[1]:
        raise invalid("Task.dispatchDeadline must be between [15s, 30m].")
    return seconds


METHODS: dict[str, Any] = {
    "queues.tasks.create": create,
    "queues.tasks.get": get,
    "queues.tasks.list": list_,
    "queues.tasks.delete": delete,
    "queues.tasks.run": run,
}
