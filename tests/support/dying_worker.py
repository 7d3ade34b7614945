"""A worker that kills itself: python -m tests.support.dying_worker VARIABLES CHUNK_ROWS STEP AFTER.

VARIABLES are the settings, as JSON. It dies at the AFTER-th time that it reaches STEP, such as `rows: after write`, or
at its AFTER-th step of any kind where STEP is `any`. Where it does not get that far it ends once no chunk is open.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from functions.jobs import new_job
from functions.jobs.attempt import ChunkResult
from functions.jobs.chunk_runner import run_chunk
from functions.jobs.sweep import release_dead_owners
from functions.providers.slintel import Slintel
from functions.sheets.client import GoogleSheet
from functions.store import cell_history, chunks, claims, jobs, schema
from functions.store.database import Store
from functions.store.job_states import ChunkState
from tests.support.desk import parts

ROOT = Path(__file__).parents[2]
STRAGGLING = timedelta(seconds=0.2)
"""The emulator carries out at once what it is asked, so nothing straggles for long."""
KINDS = {chunks.PREPARE: "prepare", chunks.UNDO: "undo"}
STEPS: Sequence[tuple[str, Any, str]] = (
    ("take", chunks, "take"),
    ("read", GoogleSheet, "read_rows"),
    ("change", GoogleSheet, "change"),
    ("change", GoogleSheet, "change_and_read"),
    ("remember", cell_history, "save_snapshot"),
    ("add chunks", chunks, "add"),
    ("claim", claims, "claim"),
    ("lookup", Slintel, "look_up"),
    ("settle", claims, "settle"),
    ("lock", chunks, "lock"),
    ("intend", cell_history, "record_writes"),
    ("write", GoogleSheet, "write"),
    ("unlock", chunks, "unlock"),
    ("finish", chunks, "finish"),
    ("conclude", jobs, "conclude"),
)
"""The steps of a worker, and the functions of each."""


class Reaper:
    """Counts steps, and ends the process at one of them as a power cut would."""

    def __init__(self, step: str, after: int) -> None:
        self._step, self._left = step, after
        self._lock = threading.Lock()
        self._kind = ""

    def reach(self, here: str) -> None:
        """The process is before or after a step."""
        with self._lock:
            if self._step in {"any", f"{self._kind}: {here}"}:
                self._left -= 1
                if self._left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

    def wrap(self, function: Callable[..., Any], name: str) -> Callable[..., Any]:
        """The function, between two moments to die."""

        def wrapped(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - any step of a worker
            self.reach(f"before {name}")
            result = function(*args, **kwargs)
            if isinstance(result, chunks.Chunk):
                self._kind = KINDS.get(result.number, "rows")
            self.reach(f"after {name}")
            return result

        return wrapped


def has_open_chunks(store: Store) -> bool:
    """Return whether there is anything left to run."""
    with store.reading() as connection:
        condition = schema.chunks.c.state != ChunkState.DONE
        return connection.scalar(sa.select(schema.chunks.c.id).where(condition).limit(1)) is not None


def main(variables: dict[str, str], chunk_rows: int, step: str, after: int) -> None:
    """Runs chunks until none is open, or death."""
    reaper = Reaper(step, after)
    for name, place, attribute in STEPS:
        setattr(place, attribute, reaper.wrap(getattr(place, attribute), name))
    run_one = reaper.wrap(run_chunk, "run")
    new_job.CHUNK_ROWS, chunks.STRAGGLING = chunk_rows, STRAGGLING
    context = parts(variables)
    release_dead_owners(context.store, context.clock())
    while has_open_chunks(context.store):
        if run_one(context) is ChunkResult.NONE:
            time.sleep(0.05)
    context.make_enricher().close()
    context.store.close()


def run(variables: dict[str, str], chunk_rows: int, step: str = "any", after: int = 10**6) -> int:
    """Starts a worker that dies at a step; gives its return code, 0 where no chunk was left before it came to that."""
    arguments = [json.dumps(variables), str(chunk_rows), step, str(after)]
    return subprocess.run(
        [sys.executable, "-m", "tests.support.dying_worker", *arguments], cwd=ROOT, check=False, timeout=100
    ).returncode


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
