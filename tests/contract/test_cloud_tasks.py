"""Proves that the Cloud Tasks emulator does what Google documents, through Google's own client."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import google.oauth2.id_token
import pytest
import requests
from aiohttp import web
from google.auth.credentials import AnonymousCredentials
from google.auth.transport.requests import Request
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

from local import secret
from local.issuer.app import application
from local.issuer.issuing import Issuer
from local.serving import serving
from tests.support.cloud_tasks.client import CloudTasks
from tests.support.cloud_tasks.state import RetryConfig
from tests.support.waiting import wait_until

Queues: TypeAlias = Any
"""The client's queues: made from the discovery document at run time."""
PARENT = "projects/local/locations/here"
QUICK = {"minBackoff": "0.050s", "maxBackoff": "0.200s"}
SECRET = secret.made()
ACCOUNT = "queue@team.iam.gserviceaccount.com"


class Worker:
    """Keeps what it was sent and answers as told."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.answer: Callable[[int], tuple[int, dict[str, str]]] = lambda _nth: (200, {})
        self.pause_s = 0.0
        self.at_once = self.most_at_once = 0
        self.url = ""

    @property
    def bodies(self) -> list[str]:
        return [call["body"] for call in self.calls]

    def app(self, url: str) -> web.Application:
        self.url = url + "/work"
        app = web.Application()
        app.router.add_route("*", "/work", self._handle)
        return app

    async def _handle(self, request: web.Request) -> web.Response:
        body = await request.text()
        self.calls.append(
            {"at": time.time(), "headers": request.headers.copy(), "body": body, "method": request.method}
        )
        status, answered = self.answer(len(self.calls))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if self.pause_s:
                await asyncio.sleep(self.pause_s)
        finally:
            self.at_once -= 1
        return web.Response(status=status, headers=answered)


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with serving(lambda url: application(Issuer(url)), held=SECRET) as url:
        yield url


@pytest.fixture(scope="module")
def _emulator(issuer: str) -> Iterator[CloudTasks]:
    with CloudTasks(issuer=issuer, held=SECRET) as emulator:
        yield emulator


@pytest.fixture
def emulator(_emulator: CloudTasks) -> Iterator[CloudTasks]:
    _emulator.reset()
    yield _emulator
    assert _emulator.state()["faults"] == []


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker()
    with serving(worker.app):
        yield worker


@pytest.fixture
def queues(emulator: CloudTasks) -> Iterator[Queues]:
    options = {"api_endpoint": emulator.url}
    service = build("cloudtasks", "v2", credentials=AnonymousCredentials(), client_options=options)  # type: ignore[no-untyped-call] # google-auth types only parts
    yield service.projects().locations().queues()
    service.close()


Create = Callable[..., dict[str, Any]]


@pytest.fixture
def queue(emulator: CloudTasks) -> str:
    return emulator.add_queue(retryConfig=QUICK)


@pytest.fixture
def create(queues: Queues, queue: str, worker: Worker) -> Create:
    def create(body: str = "", **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - attributes of a task
        request = {"url": worker.url, "body": base64.b64encode(body.encode()).decode()} | changes.pop("httpRequest", {})
        if "id" in changes:
            changes["name"] = f"{queue}/tasks/{changes.pop('id')}"
        call = queues.tasks().create(parent=queue, body={"task": {"httpRequest": request, **changes}})
        answer: dict[str, Any] = call.execute()
        return answer

    return create


def refused(call: Callable[[], object]) -> tuple[int, str]:
    """The status and the sentence of an error."""
    with pytest.raises(HttpError) as caught:
        call()
    error = json.loads(caught.value.content)["error"]
    return error["code"], f"{error['status']}: {error['message']}"


def in_future(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + seconds)) + "Z"


def test_a_task_is_delivered_once_with_the_headers_of_cloud_tasks(
    emulator: CloudTasks, create: Create, worker: Worker
) -> None:
    made = create("hello", id="greeting", httpRequest={"headers": {"Content-Type": "text/plain", "Host": "elsewhere"}})
    assert made["dispatchDeadline"] == "600s"
    assert "body" not in made["httpRequest"], "the basic view leaves it out"
    counts = emulator.wait_until_idle()
    assert (counts["created"], counts["dispatched"], counts["done"], counts["failed"]) == (1, 1, 1, 0)
    (call,) = worker.calls
    headers = call["headers"]
    assert (call["method"], call["body"], headers["Content-Type"]) == ("POST", "hello", "text/plain")
    assert headers["User-Agent"] == "Google-Cloud-Tasks"
    assert headers["Host"] != "elsewhere"
    assert headers["X-CloudTasks-QueueName"] == "chunks"
    assert headers["X-CloudTasks-TaskName"] == "greeting"
    assert headers["X-CloudTasks-TaskRetryCount"] == headers["X-CloudTasks-TaskExecutionCount"] == "0"
    assert abs(float(headers["X-CloudTasks-TaskETA"]) - call["at"]) < 60


def test_the_token_is_signed_by_the_issuer_for_the_audience(
    emulator: CloudTasks, create: Create, worker: Worker, issuer: str
) -> None:
    create(httpRequest={"oidcToken": {"serviceAccountEmail": ACCOUNT, "audience": "https://worker.example/"}})
    create(httpRequest={"oidcToken": {"serviceAccountEmail": ACCOUNT}})
    emulator.wait_until_idle()
    with requests.Session() as session:
        for call, audience in zip(worker.calls, ("https://worker.example/", worker.url), strict=True):
            scheme, _, token = call["headers"]["Authorization"].partition(" ")
            claims = google.oauth2.id_token.verify_token(token, Request(session), audience, f"{issuer}/certs")
            assert (scheme, claims["email"], claims["email_verified"]) == ("Bearer", ACCOUNT, True)


def test_a_name_is_taken_while_the_task_waits_and_for_a_while_after_it_ran(
    emulator: CloudTasks, create: Create, queues: Queues, queue: str
) -> None:
    queues.pause(name=queue).execute()
    create(id="one")
    assert refused(lambda: create(id="one")) == (409, "ALREADY_EXISTS: Requested entity already exists")
    queues.resume(name=queue).execute()
    emulator.wait_until_idle()
    code, sentence = refused(lambda: create(id="one"))
    assert (code, sentence.partition(":")[0]) == (409, "ALREADY_EXISTS")
    assert "existed too recently" in sentence
    assert refused(lambda: queues.tasks().get(name=f"{queue}/tasks/one").execute())[0] == 404
    emulator.switch(names_taken_s=0)
    create(id="two")
    emulator.wait_until_idle()
    create(id="two")


def test_a_deleted_task_is_not_delivered_and_its_name_stays_taken(
    emulator: CloudTasks, create: Create, queues: Queues, worker: Worker
) -> None:
    made = create(id="one", scheduleTime=in_future(3600))
    queues.tasks().delete(name=made["name"]).execute()
    assert refused(lambda: create(id="one"))[0] == 409
    emulator.wait_until_idle()
    assert worker.calls == []


def test_a_task_waits_for_its_time(emulator: CloudTasks, create: Create, worker: Worker) -> None:
    create("late", scheduleTime=in_future(2))
    create("soon")
    counts = emulator.wait_until_idle()
    assert counts["done"] == 2
    assert worker.bodies == ["soon", "late"]
    assert worker.calls[1]["at"] >= float(worker.calls[1]["headers"]["X-CloudTasks-TaskETA"]) - 0.001


def test_failures_are_tried_again_with_growing_pauses(emulator: CloudTasks, create: Create, worker: Worker) -> None:
    statuses = [500, 404, 503, 302, 200]
    worker.answer = lambda nth: (statuses[nth - 1], {})
    create("stubborn")
    counts = emulator.wait_until_idle()
    assert (counts["dispatched"], counts["failed"], counts["done"], counts["given_up"]) == (5, 4, 1, 0)
    retries = [call["headers"]["X-CloudTasks-TaskRetryCount"] for call in worker.calls]
    executions = [call["headers"]["X-CloudTasks-TaskExecutionCount"] for call in worker.calls]
    previous = [call["headers"].get("X-CloudTasks-TaskPreviousResponse") for call in worker.calls]
    assert retries == ["0", "1", "2", "3", "4"]
    assert executions == ["0", "0", "1", "1", "2"], "failures of 5xx do not count"
    assert previous == [None, "500", "404", "503", "302"]
    pauses = [later["at"] - earlier["at"] for earlier, later in zip(worker.calls, worker.calls[1:], strict=False)]
    assert all(pause >= least for pause, least in zip(pauses, (0.05, 0.1, 0.2, 0.2), strict=True))


def test_the_pauses_are_those_of_googles_example() -> None:
    retry = RetryConfig(min_backoff_s=10, max_backoff_s=300, max_doublings=3)
    assert [retry.backoff_s(failures) for failures in range(1, 9)] == [10, 20, 40, 80, 160, 240, 300, 300]


@pytest.mark.parametrize(
    ("config", "attempts", "elapsed_s", "over"),
    [
        ({"max_attempts": 3}, 2, 10**6, False),
        ({"max_attempts": 3}, 3, 0, True),
        ({"max_attempts": 3, "max_retry_duration_s": 60}, 3, 59, False),
        ({"max_attempts": 3, "max_retry_duration_s": 60}, 3, 60, True),
        ({"max_attempts": -1, "max_retry_duration_s": 60}, 1, 60, True),
        ({"max_attempts": -1}, 10**6, 10**6, False),
    ],
)
def test_giving_up_takes_every_limit_that_is_set(
    config: dict[str, Any], attempts: int, elapsed_s: float, *, over: bool
) -> None:
    assert RetryConfig(**config).gives_up(attempts, elapsed_s) is over


def test_a_task_is_given_up_after_its_last_attempt(emulator: CloudTasks, create: Create, worker: Worker) -> None:
    emulator.add_queue(retryConfig={**QUICK, "maxAttempts": 3})
    worker.answer = lambda _nth: (500, {})
    create()
    counts = emulator.wait_until_idle()
    assert (counts["dispatched"], counts["given_up"]) == (3, 1)


def test_retry_after_is_heeded(emulator: CloudTasks, create: Create, worker: Worker) -> None:
    worker.answer = lambda nth: (503, {"Retry-After": "1"}) if nth == 1 else (200, {})
    create()
    emulator.wait_until_idle()
    assert worker.calls[1]["at"] - worker.calls[0]["at"] >= 0.99


def test_a_worker_that_is_not_there_is_tried_again(
    emulator: CloudTasks, create: Create, queues: Queues, worker: Worker
) -> None:
    made = create(httpRequest={"url": "http://127.0.0.1:1/"})
    wait_until(lambda: emulator.state()["failed"] >= 2)
    task = queues.tasks().get(name=made["name"]).execute()
    assert task["dispatchCount"] >= 2
    assert "responseCount" not in task
    queues.tasks().delete(name=made["name"]).execute()
    emulator.wait_until_idle()
    assert worker.calls == []


def test_after_the_deadline_the_task_is_sent_again_though_the_worker_still_runs(
    emulator: CloudTasks, create: Create, worker: Worker
) -> None:
    emulator.switch(deadline_factor=0.01)
    worker.pause_s = 1
    create(dispatchDeadline="15s")
    wait_until(lambda: len(worker.calls) >= 2)
    worker.pause_s = 0
    counts = emulator.wait_until_idle()
    assert counts["failed"] >= 1
    assert worker.most_at_once > 1, "nobody told the worker to end"


def test_no_more_are_in_flight_than_the_queue_allows(
    emulator: CloudTasks, create: Create, queues: Queues, worker: Worker
) -> None:
    queue = emulator.add_queue(rateLimits={"maxConcurrentDispatches": 3})
    worker.pause_s = 0.02
    queues.pause(name=queue).execute()  # else a slow machine has worked the first off before it creates the third
    for number in range(20):
        create(str(number))
    queues.resume(name=queue).execute()
    counts = emulator.wait_until_idle()
    assert counts["done"] == 20
    assert worker.most_at_once == counts["attempts_max"] == 3


def test_no_more_are_dispatched_a_second_than_the_queue_allows(
    emulator: CloudTasks, create: Create, worker: Worker
) -> None:
    emulator.add_queue(rateLimits={"maxDispatchesPerSecond": 20})
    for number in range(40):
        create(str(number))
    emulator.wait_until_idle()
    # A burst of 20 at most, then one every 50 ms: 40 take a second at least.
    assert worker.calls[-1]["at"] - worker.calls[0]["at"] >= 0.8


def test_a_paused_queue_takes_tasks_and_delivers_none_until_it_is_resumed(
    emulator: CloudTasks, create: Create, queues: Queues, queue: str, worker: Worker
) -> None:
    assert queues.pause(name=queue).execute()["state"] == "PAUSED"
    create("waits")
    assert emulator.state()["pending"] == 1
    assert worker.calls == []
    assert queues.resume(name=queue).execute()["state"] == "RUNNING"
    emulator.wait_until_idle()
    assert worker.bodies == ["waits"]


def test_the_switches_duplicate_delay_and_reorder_but_lose_nothing(
    emulator: CloudTasks, create: Create, queues: Queues, queue: str, worker: Worker
) -> None:
    emulator.switch(duplicate_rate=0.3, delay_s=[0, 0.3], reorder=True, seed=7)
    emulator.add_queue(rateLimits={"maxConcurrentDispatches": 2})
    queues.pause(name=queue).execute()
    for number in range(50):
        create(f"{number:02}")
    queues.resume(name=queue).execute()
    counts = emulator.wait_until_idle()
    times = Counter(worker.bodies)
    assert set(times) == {f"{number:02}" for number in range(50)}
    assert set(times.values()) == {1, 2}
    assert sum(times.values()) == counts["dispatched"] == 50 + counts["duplicates"]
    assert worker.bodies != sorted(worker.bodies)


def test_a_slow_down_of_the_worker_slows_the_whole_queue(emulator: CloudTasks, create: Create, worker: Worker) -> None:
    emulator.add_queue(rateLimits={"maxConcurrentDispatches": 8})
    worker.pause_s = 0.02
    worker.answer = lambda nth: (429, {}) if nth <= 16 else (200, {})
    for number in range(20):
        create(str(number))
    wait_until(lambda: emulator.state()["failed"] >= 16)
    worker.most_at_once = worker.at_once
    emulator.wait_until_idle()
    assert worker.most_at_once < 8


def test_queues_have_googles_defaults_and_are_changed_by_mask(queues: Queues) -> None:
    name = f"{PARENT}/queues/other"
    made = queues.create(parent=PARENT, body={"name": name}).execute()
    assert made["rateLimits"] == {"maxDispatchesPerSecond": 500, "maxBurstSize": 100, "maxConcurrentDispatches": 1000}
    assert made["retryConfig"] == {
        "maxAttempts": 100,
        "minBackoff": "0.100s",
        "maxBackoff": "3600s",
        "maxDoublings": 16,
    }
    body = {"rateLimits": {"maxConcurrentDispatches": 4, "maxDispatchesPerSecond": 2}}
    changed = queues.patch(name=name, body=body, updateMask="rateLimits.maxConcurrentDispatches").execute()
    assert changed["rateLimits"]["maxConcurrentDispatches"] == 4
    assert changed["rateLimits"]["maxDispatchesPerSecond"] == 500, "not in the mask"
    assert queues.get(name=name).execute() == changed
    assert queues.list(parent=PARENT).execute()["queues"] == [changed]
    assert refused(lambda: queues.create(parent=PARENT, body={"name": name}).execute())[0] == 409
    queues.delete(name=name).execute()
    assert refused(lambda: queues.get(name=name).execute())[0] == 404


def test_tasks_are_listed_in_pages_and_in_full_on_request(create: Create, queues: Queues, queue: str) -> None:
    queues.pause(name=queue).execute()
    for number in range(5):
        create("body", id=f"task-{number}")
    page = queues.tasks().list(parent=queue, pageSize=3, responseView="FULL").execute()
    rest = queues.tasks().list(parent=queue, pageSize=3, pageToken=page["nextPageToken"]).execute()
    assert [task["name"][-1] for task in page["tasks"] + rest["tasks"]] == list("01234")
    assert page["tasks"][0]["httpRequest"]["body"] == base64.b64encode(b"body").decode()
    assert "nextPageToken" not in rest
    queues.purge(name=queue, body={}).execute()
    assert queues.tasks().list(parent=queue).execute().get("tasks", []) == []


def test_run_delivers_at_once_what_is_due_later(
    emulator: CloudTasks, create: Create, queues: Queues, worker: Worker
) -> None:
    made = create("now", scheduleTime=in_future(3600))
    queues.tasks().run(name=made["name"], body={}).execute()
    emulator.wait_until_idle()
    assert worker.bodies == ["now"]


def test_run_delivers_though_the_queue_is_paused_or_full(
    emulator: CloudTasks, create: Create, queues: Queues, worker: Worker, queue: str
) -> None:
    made, other = create("now"), create("later", scheduleTime=in_future(3600))
    wait_until(lambda: worker.bodies == ["now"])
    emulator.add_queue(queue, rateLimits={"maxConcurrentDispatches": 0}, retryConfig=QUICK)
    queues.pause(name=queue).execute()
    assert made["name"] != other["name"]
    queues.tasks().run(name=other["name"], body={}).execute()
    emulator.wait_until_idle()
    assert worker.bodies == ["now", "later"]


def test_a_repeat_says_its_reason(emulator: CloudTasks, create: Create, worker: Worker) -> None:
    worker.answer = lambda nth: (500 if nth == 1 else 200, {})
    create("again")
    emulator.wait_until_idle()
    first, second = (call["headers"] for call in worker.calls)
    assert "X-CloudTasks-TaskRetryReason" not in first
    assert second["X-CloudTasks-TaskRetryReason"]
    assert second["X-CloudTasks-TaskPreviousResponse"] == "500"


def test_whoever_lacks_a_permission_is_refused(
    emulator: CloudTasks, create: Create, queues: Queues, queue: str
) -> None:
    emulator.switch(lacks=["iam.serviceAccounts.actAs", "cloudtasks.queues.pause", "cloudtasks.tasks.list"])
    create("without a token")
    with_token = {"httpRequest": {"oidcToken": {"serviceAccountEmail": ACCOUNT}}}
    for call, permission, resource in (
        (lambda: create("in a name", **with_token), "iam.serviceAccounts.actAs", ACCOUNT),
        (queues.pause(name=queue).execute, "cloudtasks.queues.pause", queue),
        (queues.tasks().list(parent=queue).execute, "cloudtasks.tasks.list", queue),
    ):
        code, sentence = refused(call)
        assert code == 403
        assert sentence.startswith("PERMISSION_DENIED")
        assert f'"{permission}" for the resource "{resource}"' in sentence


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown field": ({"priority": 1}, "Cannot find field"),
    "an id with a dot": ({"id": "a.b"}, "Task name must be formatted"),
    "a name in another queue": ({"name": f"{PARENT}/queues/other/tasks/a"}, "must start with queue name"),
    "too short a deadline": ({"dispatchDeadline": "14s"}, r"between \[15s, 30m\]"),
    "too long a deadline": ({"dispatchDeadline": "1801s"}, r"between \[15s, 30m\]"),
    "a deadline that is a number": ({"dispatchDeadline": "600"}, "Duration"),
    "a time without a zone": ({"scheduleTime": "2026-11-25T03:00:00"}, "Timestamp"),
    "a time too far away": ({"scheduleTime": "2099-01-01T00:00:00Z"}, "too far in the future"),
    "a body that is not base64": ({"httpRequest": {"body": "}{"}}, "TYPE_BYTES"),
    "a body of a GET": ({"httpRequest": {"httpMethod": "GET", "body": "aGk="}}, "allows no body"),
    "no URL": ({"httpRequest": {"url": "ftp://127.0.0.1/"}}, "must start with 'http"),
    "a URL elsewhere": ({"httpRequest": {"url": "https://worker.example/"}}, "on this machine"),
    "an unknown verb": ({"httpRequest": {"httpMethod": "BREW"}}, "BREW"),
    "a token without an account": ({"httpRequest": {"oidcToken": {"audience": "a"}}}, "service_account_email"),
    "too many bytes of headers": ({"httpRequest": {"headers": {"X-Long": "é" * 41_000}}}, "less than 81920"),
    "more than a mebibyte": ({"httpRequest": {"body": "aGkh" * 400_000}}, "too large"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_task_is_refused_with_the_reason(what: str, create: Create, emulator: CloudTasks) -> None:
    changes, reason = WRONG[what]
    code, sentence = refused(lambda: create(**changes))
    assert code == 400
    assert sentence.startswith("INVALID_ARGUMENT")
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(sentence)
    assert emulator.state()["created"] == 0


def test_a_queue_that_is_not_there_is_a_404(queues: Queues) -> None:
    call = queues.tasks().create(parent=f"{PARENT}/queues/nowhere", body={"task": {}})
    assert refused(call.execute)[0] == 404


def test_a_wrong_switch_is_refused(emulator: CloudTasks) -> None:
    with pytest.raises(ValueError, match="duplicate_rate"):
        emulator.switch(duplicate_rate=2)
    with pytest.raises(ValueError, match="lose"):
        emulator.switch(lose=1)


def test_it_ends_with_the_process_that_started_it() -> None:
    with CloudTasks() as emulator:
        process = emulator._process
        ended = threading.Thread(target=process.wait)
        ended.start()
    ended.join(10)
    assert process.returncode == 0
