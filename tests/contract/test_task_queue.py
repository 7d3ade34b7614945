"""A chunk waits once, is delivered as the worker expects it, and is queued again whenever that is asked for."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import Mock

import google.auth
import google.oauth2.id_token
import pytest
import requests
from aiohttp import web
from google.auth.exceptions import DefaultCredentialsError
from google.auth.transport.requests import Request

from functions.runtime import Runtime
from functions.task_queue import DUE_S, CloudTasksQueue, Queue, QueueError, StoreQueue
from local import secret
from local.issuer.app import application
from local.issuer.issuing import Issuer
from local.serving import serving
from tests.support.cloud_tasks.client import CloudTasks
from tests.support.waiting import wait_until

SECRET = secret.made()
ACCOUNT = "queue@team.iam.gserviceaccount.com"
QUICK = {"minBackoff": "0.050s", "maxBackoff": "0.050s"}


class Worker:
    """Keeps what it was sent; does to the queue what `then` says before it answers."""

    def __init__(self) -> None:
        self.calls: list[tuple[dict[str, str], str]] = []
        self.status = 200
        self.then: Any = None
        self.url = ""

    @property
    def chunks(self) -> list[str]:
        return [json.loads(body)["chunk_id"] for _, body in self.calls]

    def app(self, url: str) -> web.Application:
        self.url = url
        app = web.Application()
        app.router.add_post("/", self._handle)
        return app

    async def _handle(self, request: web.Request) -> web.Response:
        self.calls.append((dict(request.headers), await request.text()))
        then, self.then = self.then, None
        if then is not None:
            await asyncio.get_running_loop().run_in_executor(None, then)
        return web.Response(status=self.status)


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with serving(lambda url: application(Issuer(url)), held=SECRET) as url:
        yield url


@pytest.fixture(scope="module")
def emulator(issuer: str) -> Iterator[CloudTasks]:
    with CloudTasks(issuer=issuer, held=SECRET) as emulator:
        yield emulator


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker()
    with serving(worker.app):
        yield worker


@pytest.fixture
def name(emulator: CloudTasks) -> str:
    emulator.reset()
    return emulator.add_queue(retryConfig=QUICK)


@pytest.fixture
def queue(emulator: CloudTasks, name: str, worker: Worker) -> Iterator[CloudTasksQueue]:
    queue = CloudTasksQueue(
        queue=name, endpoint=emulator.url, worker_url=worker.url + "/", service_account=ACCOUNT, dispatch_deadline_s=60
    )
    yield queue
    queue.close()


def pause(emulator: CloudTasks, name: str, verb: str = "pause") -> None:
    requests.post(f"{emulator.url}/v2/{name}:{verb}", json={}, timeout=10).raise_for_status()


def test_a_chunk_comes_to_the_worker_with_a_token_that_it_can_check(
    queue: CloudTasksQueue, emulator: CloudTasks, worker: Worker, issuer: str
) -> None:
    queue.enqueue("job-1")
    emulator.wait_until_idle()
    ((headers, body),) = worker.calls
    assert json.loads(body) == {"chunk_id": "job-1"}
    assert headers["Content-Type"] == "application/json"
    with requests.Session() as session:
        claims = google.oauth2.id_token.verify_token(
            headers["Authorization"].removeprefix("Bearer "), Request(session), worker.url + "/", f"{issuer}/certs"
        )
    assert claims["email"] == ACCOUNT


def test_what_google_sees_holds_no_chunk_id_in_names_and_the_deadline(
    queue: CloudTasksQueue, emulator: CloudTasks, name: str
) -> None:
    pause(emulator, name)
    queue.enqueue("job-1")
    (task,) = requests.get(f"{emulator.url}/v2/{name}/tasks?responseView=FULL", timeout=10).json()["tasks"]
    assert "job" not in task["name"]
    assert task["dispatchDeadline"] == "60s"
    assert json.loads(base64.b64decode(task["httpRequest"]["body"])) == {"chunk_id": "job-1"}


def test_a_chunk_that_waits_is_not_queued_twice(
    queue: CloudTasksQueue, emulator: CloudTasks, name: str, worker: Worker
) -> None:
    pause(emulator, name)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(queue.enqueue, ["job-1", "job-2"] * 10))
    pause(emulator, name, "resume")
    emulator.wait_until_idle()
    assert sorted(worker.chunks) == ["job-1", "job-2"]


def test_a_chunk_that_ran_a_moment_ago_can_be_queued_again_and_again(
    queue: CloudTasksQueue, emulator: CloudTasks, worker: Worker
) -> None:
    for _ in range(4):
        queue.enqueue("job-1")
        emulator.wait_until_idle()
    assert worker.chunks == ["job-1"] * 4


def test_a_worker_can_queue_the_chunk_that_it_has_in_hand(
    queue: CloudTasksQueue, emulator: CloudTasks, worker: Worker
) -> None:
    worker.then = lambda: queue.enqueue("job-1")
    queue.enqueue("job-1")
    emulator.wait_until_idle()
    assert worker.chunks == ["job-1", "job-1"]


def test_a_chunk_that_is_tried_again_counts_as_waiting(
    queue: CloudTasksQueue, emulator: CloudTasks, worker: Worker, name: str
) -> None:
    emulator.add_queue(name, retryConfig={"minBackoff": "2s", "maxBackoff": "2s"})
    worker.status = 500
    queue.enqueue("job-1")
    wait_until(lambda: emulator.state()["failed"] == 1)
    worker.status = 200
    queue.enqueue("job-1")
    assert emulator.wait_until_idle()["created"] == 1


def test_a_chunk_of_tomorrow_does_not_stand_in_for_one_of_now(
    queue: CloudTasksQueue, emulator: CloudTasks, worker: Worker, name: str
) -> None:
    for days in (1, 1, 365):
        queue.enqueue("job-1", delay_s=days * 86_400)
    queue.enqueue("job-1")
    wait_until(lambda: worker.chunks == ["job-1"])
    tasks = requests.get(f"{emulator.url}/v2/{name}/tasks", timeout=10).json()["tasks"]
    assert len(tasks) == 2, "the same day's is there once, and the one of a year is one of a month"


def test_a_chunk_that_is_looked_at_again_later_does_not_stand_in_for_one_of_now_and_waits_once(
    queue: CloudTasksQueue, emulator: CloudTasks, worker: Worker, name: str
) -> None:
    delay_s = 20 + DUE_S / 2 - time.time() % DUE_S  # not at the edge between two names
    for later_s in (delay_s, delay_s, 0):
        queue.enqueue("job-1", delay_s=later_s)
    wait_until(lambda: worker.chunks == ["job-1"])
    assert len(requests.get(f"{emulator.url}/v2/{name}/tasks", timeout=10).json()["tasks"]) == 1


@pytest.mark.parametrize("off_s", [-600, 600])
def test_a_chunk_of_a_machine_whose_clock_is_wrong_comes_when_it_is_due(
    queue: CloudTasksQueue, emulator: CloudTasks, name: str, off_s: int
) -> None:
    wrong = Mock(spec=Runtime)
    wrong.now.side_effect = lambda: datetime.now(UTC) + timedelta(seconds=off_s)
    vars(queue)["_runtime"] = wrong
    pause(emulator, name)
    queue.enqueue("job-1")  # the answer tells the queue's time
    queue.enqueue("job-2", delay_s=50)
    tasks = requests.get(f"{emulator.url}/v2/{name}/tasks", timeout=10).json()["tasks"]
    latest = max(datetime.fromisoformat(task["scheduleTime"]) for task in tasks)
    assert 0 < (latest - datetime.now(UTC)).total_seconds() < 60


def test_whoever_may_not_act_as_the_workers_account_is_told_so(queue: CloudTasksQueue, emulator: CloudTasks) -> None:
    for permission in ("cloudtasks.tasks.create", "iam.serviceAccounts.actAs"):
        emulator.switch(lacks=[permission])
        with pytest.raises(QueueError, match="403"):
            queue.enqueue("job-1")
    emulator.switch(lacks=[])
    queue.enqueue("job-1")
    emulator.wait_until_idle()


def test_a_delayed_chunk_comes_no_sooner(queue: CloudTasksQueue, emulator: CloudTasks, worker: Worker) -> None:
    queue.enqueue("late", delay_s=1)
    queue.enqueue("soon")
    emulator.wait_until_idle()
    assert worker.chunks == ["soon", "late"]


@pytest.mark.parametrize("endpoint", ["here", "http://127.0.0.1:1"])
def test_a_queue_that_cannot_be_used_is_a_sentence(endpoint: str, emulator: CloudTasks, worker: Worker) -> None:
    queue = CloudTasksQueue(
        queue="projects/p/locations/l/queues/nowhere",
        endpoint=emulator.url if endpoint == "here" else endpoint,
        worker_url=worker.url,
        service_account=ACCOUNT,
    )
    with pytest.raises(QueueError, match=r"answered 404; check TASKS_QUEUE\.|could not be reached"):
        queue.enqueue("job-1")
    queue.close()


def test_without_credentials_of_google_it_is_a_sentence_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def default(**_arguments: object) -> None:
        raise DefaultCredentialsError("none")  # type: ignore[no-untyped-call] # google-auth types only parts

    monkeypatch.setattr(google.auth, "default", default)
    queue = CloudTasksQueue(
        queue="projects/p/locations/l/queues/q",
        endpoint="https://cloudtasks.googleapis.com/",
        worker_url="https://worker.example/",
        service_account=ACCOUNT,
    )
    with pytest.raises(QueueError):
        queue.enqueue("job-1")


def test_the_store_as_a_queue_wakes_who_drains_it() -> None:
    woken: list[bool] = []
    queue: Queue = StoreQueue(lambda: woken.append(True))
    queue.enqueue("job-1")
    queue.enqueue("job-2", delay_s=5)
    assert woken == [True, True]
