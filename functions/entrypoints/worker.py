"""`worker` and `sweep` over HTTP: private entry points that accept only the queue's and the scheduler's identity."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from flask import Flask, request

from functions import logs
from functions.auth.identity_tokens import Access
from functions.context import AppContext
from functions.entrypoints import flask_app
from functions.entrypoints.flask_app import Route
from functions.jobs import balances
from functions.jobs.attempt import ChunkResult
from functions.jobs.chunk_runner import run_chunk
from functions.jobs.request import Id
from functions.jobs.sweep import SweepReport, sweep

MAX_BYTES = 10_000


class ChunkBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The chunk that a worker shall run."""

    chunk_id: Id


RUN = Route(method="POST", path="/", view="run", summary="Run a chunk", body=ChunkBody)
SWEEP = Route(method="POST", path="/", view="clean_up", summary="Repair what died")


@dataclass(frozen=True, slots=True)
class WorkerApp:
    """The private views of one deployment."""

    context: AppContext
    access: Access
    audience: str
    """Of the tokens that this entry point accepts: its own URL."""

    def worker(self) -> Flask:
        """`POST /` with `{"chunk_id": …}`: runs a chunk. 2xx: no further delivery is needed."""
        return flask_app.build(self, [RUN], self._identify, MAX_BYTES)

    def sweep(self) -> Flask:
        """`POST /`: repairs what died."""
        return flask_app.build(self, [SWEEP], self._identify, MAX_BYTES)

    def run(self, body: ChunkBody) -> None:
        """Runs a chunk, unless another attempt has it."""
        ending = run_chunk(self.context, body.chunk_id)
        if ending is not ChunkResult.NONE:
            logs.event("Chunk attempt finished.", chunk_id=body.chunk_id, ending=ending.value)
        balances.refresh(self.context)

    def clean_up(self) -> None:
        """Continue or end the work of processes that died."""
        report: SweepReport = sweep(self.context)
        logs.event("Sweep finished.", **report.facts())

    def _identify(self) -> None:
        self.access.worker_identity(request.headers.get("Authorization"), self.audience)
