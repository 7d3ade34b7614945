"""`worker` and `sweep` over HTTP: private entry points, for the queue's and the scheduler's own identity only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, Response, request

from functions import logs
from functions.auth.access import Access
from functions.context import AppContext
from functions.entrypoints import bodies, problems, requests
from functions.entrypoints.problems import as_private, remember_trace
from functions.jobs.chunk_runner import ChunkResult, run_chunk
from functions.jobs.sweep import SweepReport, sweep

MAX_BYTES = 10_000


@dataclass(frozen=True, slots=True)
class WorkerApp:
    """The private views of one deployment."""

    context: AppContext
    access: Access
    audience: str
    """Of the tokens that this entry point accepts: its own URL."""

    def worker(self) -> Flask:
        """`POST /` with `{"chunk_id": …}`: runs a chunk. 2xx: no further delivery is needed."""
        return self._application(self._run)

    def sweep(self) -> Flask:
        """`POST /`: repairs what died."""
        return self._application(self._sweep)

    def _application(self, view: Callable[[], Response]) -> Flask:
        app = Flask("leadfill", static_folder=None)
        bodies.guard(app, MAX_BYTES)
        problems.handle(app)
        app.add_url_rule("/", "run", view, methods=["POST"], provide_automatic_options=False)
        app.before_request(remember_trace)
        app.after_request(as_private)
        return app

    def _run(self) -> Response:
        self.access.worker_identity(request.headers.get("Authorization"), self.audience)
        body = requests.decode(request.get_data(), requests.ChunkBody)
        ending = run_chunk(self.context, body.chunk_id)
        logs.event("A chunk was run.", chunk_id=body.chunk_id, ending=ending.value)
        return Response(status=204 if ending is not ChunkResult.NONE else 200)

    def _sweep(self) -> Response:
        self.access.worker_identity(request.headers.get("Authorization"), self.audience)
        report: SweepReport = sweep(self.context)
        logs.event("Swept.", **report.facts())
        return Response(status=204)
