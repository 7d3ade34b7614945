"""The queue in which chunks wait for a worker: Cloud Tasks in the cloud, the store itself on one machine.

A queue guarantees little: a chunk is delivered at least once, perhaps twice, perhaps late, in any order. The store
prevents anything from being done twice that must not be.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from functions.auth.certificates import LOOPBACK
from functions.errors import LeadfillError
from functions.runtime import REAL, Runtime

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

DUE_S, DUE_LATE_S = 5, 60
"""Seconds within which all tasks of a chunk have one name: more than one of them is never needed. The latter for those
that are due in a minute or later."""
FURTHEST_S = 29 * 86_400
"""Cloud Tasks takes a task up to 30 days ahead; one that would be later comes sooner, and is not due yet."""
CALL_TIMEOUT_S = 10
CALL_RETRIES = 3
DISPATCH_DEADLINE_S = 600
"""Seconds that Cloud Tasks waits for a worker's answer (15 s to 30 min) before it sends the task again."""


class QueueError(LeadfillError):
    """The task queue could not be reached; the run is kept, and goes on by itself once the queue can be reached."""

    slug = "queue"
    status = 503


class Queue(Protocol):
    """The queue in which chunks wait for a worker."""

    def enqueue(self, chunk_id: str, *, delay_s: float = 0) -> None:
        """Make sure that a worker receives this chunk, at least `delay_s` from now and after this call began.

        A chunk that already waits need not be queued twice. Commit what the worker shall find before calling this.

        Args:
            chunk_id: which chunk; opaque, without personal data.
            delay_s: seconds to wait at least.

        Raises:
            QueueError: the queue cannot be reached.
        """


class StoreQueue:
    """The store as the queue: a committed chunk that is due waits already, and needs no task.

    Args:
        wake: tells who drains the store that it may have work; called from any thread, must not wait. A chunk that is
            due later is found by its time in the store.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake

    def enqueue(self, chunk_id: str, *, delay_s: float = 0) -> None:  # noqa: ARG002 - the store knows which, and when
        """See `Queue.enqueue`."""
        self._wake()


class CloudTasksQueue:
    """Chunks as tasks of a Google Cloud Tasks queue; safe to share between threads.

    A task is a POST of `{"chunk_id": …}` to the worker's URL, with an OpenID token of `service_account` whose audience
    is that URL. Its name is a hash of the chunk's id, so that the same chunk waits once; names stay taken for up to
    24 hours after a task has run, though, so a chunk that is queued again later gets a second name
    (https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks/create).

    Args:
        queue: `projects/P/locations/L/queues/Q`.
        endpoint: Google's, or an emulator on this machine, which is called without credentials.
        worker_url: where tasks are sent, and the audience of their tokens.
        service_account: in whose name they are sent.
        dispatch_deadline_s: how long a worker may take, in seconds.
        runtime: this machine's clock.
    """

    def __init__(
        self,
        *,
        queue: str,
        endpoint: str,
        worker_url: str,
        service_account: str,
        dispatch_deadline_s: int = DISPATCH_DEADLINE_S,
        runtime: Runtime = REAL,
    ) -> None:
        self._queue = queue
        self._endpoint = endpoint
        self._worker_url = worker_url
        self._service_account = service_account
        self._dispatch_deadline_s = dispatch_deadline_s
        self._runtime = runtime
        self._lock = threading.Lock()
        self._idle: list[Any] = []  # connections that nobody uses: as many as there were calls at once, at most
        self._ahead = timedelta(0)
        """Of the queue's clock before this machine's, as its latest answer has it."""
        self._credentials: Credentials | None = None
        self._service: Any = None

    def enqueue(self, chunk_id: str, *, delay_s: float = 0) -> None:
        """See `Queue.enqueue`."""
        for name in self._names(chunk_id, delay_s):
            if self._create(name, chunk_id, delay_s) or self._waits(name):
                return

    def _names(self, chunk_id: str, delay_s: float) -> tuple[str, str, str]:
        """The chunk's own name; one that all who find it taken within a minute agree on; one that is never taken.

        A task of later has another name than one of now: it must not stand in for it. Hashed, as Google recommends:
        sequential names make every task call of the queue slower.
        """
        due_s = self._now().timestamp() + delay_s
        within_s = DUE_LATE_S if delay_s >= DUE_LATE_S else DUE_S
        due = f" at {int(due_s // within_s)} x {within_s} s" if delay_s >= DUE_S else ""
        name = hashlib.sha256(f"{chunk_id}{due}".encode()).hexdigest()[:32]
        return name, f"{name}-{int(self._now().timestamp() // 60)}", f"{name}-{secrets.token_hex(8)}"

    def _create(self, name: str, chunk_id: str, delay_s: float) -> bool:
        """Create the task; return False if its name is taken."""
        task: dict[str, Any] = {
            "name": f"{self._queue}/tasks/{name}",
            "dispatchDeadline": f"{self._dispatch_deadline_s}s",
            "httpRequest": {
                "httpMethod": "POST",
                "url": self._worker_url,
                "headers": {"Content-Type": "application/json"},
                "body": base64.b64encode(json.dumps({"chunk_id": chunk_id}).encode()).decode("ascii"),
                "oidcToken": {"serviceAccountEmail": self._service_account, "audience": self._worker_url},
            },
        }
        if delay_s > 0:
            task["scheduleTime"] = (self._now() + timedelta(seconds=min(delay_s, FURTHEST_S))).isoformat()
        created = self._call("create", parent=self._queue, body={"task": task})
        if created is not None and "createTime" in created:
            self._ahead = datetime.fromisoformat(created["createTime"]) - self._runtime.now()
        return created is not None

    def _now(self) -> datetime:
        """The present by the queue's clock: a chunk that waits for a time would else come at once, again and again."""
        return self._runtime.now() + self._ahead

    def _waits(self, name: str) -> bool:
        """Return whether a task of this name is still to be handed to a worker: neither gone nor with one now.

        One that a worker has in hand does not count: the caller may be that very worker, and the task ends with it.
        """
        task = self._call("get", name=f"{self._queue}/tasks/{name}")
        return task is not None and task.get("dispatchCount", 0) <= task.get("responseCount", 0)

    def _call(self, method: str, **arguments: Any) -> dict[str, Any] | None:  # noqa: ANN401  the client's own arguments
        """Calls a method of the API's tasks; None if the task is already there (409), or is not (404)."""
        import httplib2
        from google.auth.exceptions import GoogleAuthError
        from googleapiclient.errors import HttpError

        # 404 is an answer when a task is asked for, and a missing queue when one is created.
        no_task = 409 if method == "create" else 404
        try:
            with self._connection() as connection:
                request = getattr(self._tasks(connection), method)(**arguments)
                answer: dict[str, Any] = request.execute(http=connection, num_retries=CALL_RETRIES)
        except HttpError as error:
            if error.status_code == no_task:
                return None
            raise QueueError(f"Cloud Tasks answered {error.status_code}; check TASKS_QUEUE.") from error
        except (httplib2.HttpLib2Error, GoogleAuthError, OSError) as error:
            raise QueueError from error
        return answer

    def _tasks(self, connection: Any) -> Any:  # noqa: ANN401  made from the discovery document at run time
        """The API's tasks, built once (8 ms) from the discovery document in the client's wheel."""
        from googleapiclient.discovery import build

        with self._lock:
            if self._service is None:
                self._service = build(
                    "cloudtasks",
                    "v2",
                    http=connection,
                    static_discovery=True,
                    cache_discovery=False,
                    client_options={"api_endpoint": self._endpoint},
                )
        return self._service.projects().locations().queues().tasks()

    @contextmanager
    def _connection(self) -> Iterator[Any]:
        """A connection for one call: an httplib2.Http that two threads share hands out the other's answers."""
        import google_auth_httplib2
        import httplib2

        try:
            connection = self._idle.pop()  # atomic, and so is append
        except IndexError:
            http = httplib2.Http(timeout=CALL_TIMEOUT_S)
            connection = google_auth_httplib2.AuthorizedHttp(self._identity(), http=http)
        try:
            yield connection
        finally:
            self._idle.append(connection)

    def close(self) -> None:
        """Closes the connections that nobody uses."""
        while self._idle:
            self._idle.pop().close()

    def _identity(self) -> Credentials:
        import google.auth
        from google.auth.credentials import AnonymousCredentials

        if self._credentials is None:
            if urlsplit(self._endpoint).hostname in LOOPBACK:
                self._credentials = AnonymousCredentials()  # type: ignore[no-untyped-call]  # google-auth types only parts
            else:
                self._credentials, _ = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
        return self._credentials
