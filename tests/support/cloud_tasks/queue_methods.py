"""The API's methods about queues."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from local.sheets_api.google_errors import Json, invalid
from tests.support.cloud_tasks.errors import AlreadyExists
from tests.support.cloud_tasks.state import Queue, RetryConfig, State
from tests.support.cloud_tasks.times import duration, duration_s, instant

QUEUE = re.compile(r"projects/[A-Za-z0-9:.-]+/locations/[a-z0-9-]+/queues/[A-Za-z0-9-]{1,100}")
CONFIGURED = ("rateLimits", "retryConfig")
"""The parts that a patch may change here."""


def shown(queue: Queue) -> Json:
    """Return a queue as the API shows it."""
    retry = queue.retry
    answer: Json = {
        "name": queue.name,
        "state": queue.state,
        "rateLimits": {
            "maxDispatchesPerSecond": queue.dispatches_per_s,
            "maxBurstSize": queue.burst,
            "maxConcurrentDispatches": queue.concurrent,
        },
        "retryConfig": {
            "maxAttempts": retry.max_attempts,
            "minBackoff": duration(retry.min_backoff_s),
            "maxBackoff": duration(retry.max_backoff_s),
            "maxDoublings": retry.max_doublings,
        },
    }
    if retry.max_retry_duration_s:
        answer["retryConfig"]["maxRetryDuration"] = duration(retry.max_retry_duration_s)
    if queue.purged_at is not None:
        answer["purgeTime"] = instant(queue.purged_at)
    return answer


def create(state: State, parent: str, _query: Json, body: Json) -> Json:
    """`projects.locations.queues.create`."""
    name = body.get("name", "")
    if not QUEUE.fullmatch(name) or not name.startswith(f"{parent}/queues/"):
        raise invalid(f'Invalid resource field value in the request: queue.name "{name}".')
    if name in state.queues:
        raise AlreadyExists("Queue already exists")
    queue = state.queues[name] = _configured(Queue(name), body, list(CONFIGURED))
    return shown(queue)


def get(state: State, name: str, _query: Json, _body: Json) -> Json:
    """`projects.locations.queues.get`."""
    return shown(state.queue(name))


def list_(state: State, parent: str, _query: Json, _body: Json) -> Json:
    """`projects.locations.queues.list`, in one page."""
    return {"queues": [shown(queue) for name, queue in sorted(state.queues.items()) if name.startswith(parent + "/")]}


def patch(state: State, name: str, query: Json, body: Json) -> Json:
    """`projects.locations.queues.patch`; makes the queue where there is none, as Google does."""
    if not QUEUE.fullmatch(name):
        raise invalid(f'Invalid resource field value in the request: queue.name "{name}".')
    named = [part for part in query.get("updateMask", "").split(",") if part]
    paths = named or [field for field in CONFIGURED if field in body]
    queue = _configured(state.queues.get(name) or Queue(name), body, paths)
    state.queues[name] = queue
    state.changed.set()
    return shown(queue)


def delete(state: State, name: str, _query: Json, _body: Json) -> Json:
    """`projects.locations.queues.delete`."""
    state.queue(name)
    del state.queues[name]
    return {}


def pause(state: State, name: str, _query: Json, _body: Json) -> Json:
    """`projects.locations.queues.pause`."""
    return _moved(state, name, "PAUSED")


def resume(state: State, name: str, _query: Json, _body: Json) -> Json:
    """`projects.locations.queues.resume`."""
    return _moved(state, name, "RUNNING")


def purge(state: State, name: str, _query: Json, _body: Json) -> Json:
    """`projects.locations.queues.purge`."""
    queue = state.queue(name)
    queue.purged_at = state.clock()
    for task in list(queue.tasks.values()):
        state.end(queue, task)
    return shown(queue)


def _moved(state: State, name: str, to: str) -> Json:
    queue = state.queue(name)
    queue.state = to
    state.changed.set()
    return shown(queue)


def _configured(queue: Queue, body: Json, paths: list[str]) -> Queue:
    """Takes over the parts of `body` that `paths` name. Raises GoogleError, 400, before anything has changed."""
    limits, retry = queue.dispatches_per_s, queue.retry
    concurrent: float = queue.concurrent
    for path in paths:
        whole, _, part = path.partition(".")
        whole, part = _camel(whole), _camel(part)
        given: Json = body.get(whole, {})
        if whole not in CONFIGURED:
            raise invalid(f'The field "{path}" cannot be updated here.')
        if part:
            given = {part: given[part]} if part in given else {}
        if whole == "retryConfig":
            retry = _retry(retry, given)
            continue
        limits = _within(given.get("maxDispatchesPerSecond", limits), 500, "max_dispatches_per_second")
        concurrent = _within(given.get("maxConcurrentDispatches", concurrent), 5000, "max_concurrent_dispatches")
    queue.dispatches_per_s, queue.concurrent, queue.retry = limits, int(concurrent), retry
    queue.allowance = min(queue.allowance, float(queue.burst))
    return queue


def _retry(retry: RetryConfig, given: Json) -> RetryConfig:
    changes: dict[str, Any] = {}
    for field, attribute in (("maxAttempts", "max_attempts"), ("maxDoublings", "max_doublings")):
        if field in given:
            changes[attribute] = int(given[field])
    for field in ("minBackoff", "maxBackoff", "maxRetryDuration"):
        if field in given:
            place = "queue.retry_config." + re.sub(r"(?=[A-Z])", "_", field).lower()
            changes[place.rpartition(".")[2] + "_s"] = duration_s(given[field], place)
    changed = replace(retry, **changes)
    if changed.max_attempts < -1 or changed.max_attempts == 0 or changed.min_backoff_s > changed.max_backoff_s:
        raise invalid("Queue.retry_config is invalid: maxAttempts must be -1 or more than 0, minBackoff ≤ maxBackoff.")
    return changed


def _within(value: float, most: float, field: str) -> float:
    if not 0 <= value <= most:
        raise invalid(f"Queue.rate_limits.{field} must be between 0 and {most:g}.")
    return value


def _camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), name)


METHODS = {
    "queues.create": create,
    "queues.get": get,
    "queues.list": list_,
    "queues.patch": patch,
    "queues.delete": delete,
    "queues.pause": pause,
    "queues.resume": resume,
    "queues.purge": purge,
}
