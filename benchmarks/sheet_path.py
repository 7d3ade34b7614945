"""Where the time of a run over known people goes: scan, look-up, match, write, verify; and how much of it is Google's.

Run: `python -m benchmarks.sheet_path` (half a minute, and as long again before it, in which people become known). The
functions run in this process, the stand-ins of Google and of the provider in their own: so CPU is Leadfill's alone.
With `--against FILE` it compares with what another version has written by `--figures FILE`.
"""

from __future__ import annotations

import gc
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import wraps
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import click
import httplib2
import msgspec
from rich.console import Console
from rich.table import Table

import main as _  # noqa: F401 - sets the garbage collector as it is deployed
from benchmarks.jobs import PLENTY
from benchmarks.sheet import FIELDS
from functions import bootstrap, settings
from functions.auth.identity_tokens import Caller
from functions.context import AppContext
from functions.jobs import chunk_runner, delivery, new_job
from functions.jobs.attempt import ChunkResult
from functions.jobs.request import JobRequest
from functions.outcomes import Outcome
from functions.sheet_writes import fill, writer
from functions.store import job_rows
from functions.task_queue import StoreQueue
from local.stack import PERSON, Stack, stand_ins

WITHOUT_LIMIT = {name: str(most) for name, most in PLENTY.items()}
WITHOUT_WORKER = {"WORKER_URL": "http://127.0.0.1:9", "SWEEP_URL": "http://127.0.0.1:9"}
SCAN, COLUMNS, LOOK_UP, MATCH, WRITE, VERIFY, SETTLE = PHASES = (
    "scan",
    "columns",
    "look-up",
    "match",
    "write",
    "verify",
    "settle",
)


@dataclass
class Stopwatch:
    """Seconds by phase of the run: all, of Leadfill's CPU, and of waiting for Google."""

    wall_s: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    cpu_s: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    google_s: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    _phase: str = SCAN
    _since: tuple[float, float] = field(default_factory=lambda: (time.perf_counter(), time.process_time()))

    def enter(self, phase: str) -> None:
        """Ends the present phase."""
        now = time.perf_counter(), time.process_time()
        self.wall_s[self._phase] += now[0] - self._since[0]
        self.cpu_s[self._phase] += now[1] - self._since[1]
        self._phase, self._since = phase, now

    def around(self, place: object, name: str, during: str, after: str) -> Any:  # noqa: ANN401 - mock's patches have no public type
        """A patch that enters a phase before a function, and another one after it."""
        function: Callable[..., Any] = getattr(place, name)

        @wraps(function)
        def timed(*arguments: Any, **more: Any) -> Any:  # noqa: ANN401 - whatever the function takes and gives
            self.enter(during)
            found = function(*arguments, **more)
            self.enter(after)
            return found

        return patch.object(place, name, timed)

    def google(self) -> Any:  # noqa: ANN401 - as `around`
        """A patch that counts the time in calls of Google."""
        request = httplib2.Http.request

        def timed(*arguments: Any, **more: Any) -> Any:  # noqa: ANN401 - as httplib2 has it
            began_s = time.perf_counter()
            try:
                return request(*arguments, **more)
            finally:
                self.google_s[self._phase] += time.perf_counter() - began_s

        return patch.object(httplib2.Http, "request", timed)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Times the phases of what happens in the block."""
        with ExitStack() as patches:
            for place, name, during, after in (
                (chunk_runner, "prepare", COLUMNS, SETTLE),
                (chunk_runner, "_look_up", LOOK_UP, SETTLE),
                (delivery.Delivery, "_evaluated", LOOK_UP, SETTLE),
                (delivery, "write", MATCH, SETTLE),
                (fill._FillTask, "record", WRITE, WRITE),  # noqa: SLF001 - the seam
                (writer.SheetWriter, "_send", WRITE, VERIFY),
            ):
                patches.enter_context(self.around(place, name, during, after))
            patches.enter_context(self.google())
            self.enter(SCAN)
            yield
            self.enter(SCAN)


class Figures(msgspec.Struct, frozen=True):
    """The time of one run, in milliseconds a row, by phase."""

    wall: dict[str, float]
    cpu: dict[str, float]
    google: dict[str, float]

    @property
    def all_cpu(self) -> float:
        """Leadfill's own, of all phases."""
        return sum(self.cpu.values())

    @property
    def own(self) -> float:
        """All the time that is not Google's."""
        return sum(self.wall.values()) - sum(self.google.values())


def one_run(context: AppContext, running: Stack, rows: int) -> Figures:
    """Runs over a new spreadsheet from the confirmation to the end."""
    values = [["LinkedIn"], *[[f"https://www.linkedin.com/in/path-{number}"] for number in range(rows)]]
    body = {"title": "Benchmark", "sheet": "Leads", "values": values}
    spreadsheet = running.steer("emulator", "POST", "_emulator/spreadsheets", body)["spreadsheetId"]
    token = running.sheets_token()
    request = JobRequest(spreadsheet_id=spreadsheet, range="Leads!A2:A", fields=FIELDS)
    caller = Caller(subject="somebody", email=PERSON, domain="example.com")
    watch = Stopwatch()
    with watch.running():
        ceilings = {"slintel": Decimal(rows)}
        started = new_job.start(context, request, caller, token, max_credits=ceilings, idempotency_key=uuid4().hex)
        while chunk_runner.run_chunk(context) is not ChunkResult.NONE:
            continue
    with context.store.reading() as connection:
        counts = job_rows.counts(connection, started.job.id)
    assert counts in ({Outcome.ENRICHED: rows}, {Outcome.KNOWN: rows}), counts

    def a_row(seconds: dict[str, float]) -> dict[str, float]:
        return {phase: seconds[phase] / rows * 1000 for phase in PHASES}

    return Figures(a_row(watch.wall_s), a_row(watch.cpu_s), a_row(watch.google_s))


def measure(rows: int, rounds: int) -> list[Figures]:
    """Runs several times over people who are known."""
    with tempfile.TemporaryDirectory() as folder, stand_ins(Path(folder), WITHOUT_LIMIT) as running:
        read = settings.read(running.environ | WITHOUT_WORKER, keys_needed=True)
        context = bootstrap.context(read, bootstrap.store(read), StoreQueue(lambda: None))
        one_run(context, running, rows)
        gc.freeze()  # as main.py does for what it has imported
        return [one_run(context, running, rows) for _ in range(rounds)]


@click.command()
@click.option("--rows", default=10_000, show_default=True)
@click.option("--rounds", default=3, show_default=True, help="The median of so many runs counts.")
@click.option("--figures", type=click.Path(path_type=Path), help="A file that is written.")
@click.option("--against", type=click.Path(path_type=Path, exists=True), help="Such a file of another version.")
def main(*, rows: int, rounds: int, figures: Path | None, against: Path | None) -> None:
    """Measures runs over ROWS known people with 8 fields."""
    runs = sorted(measure(rows, rounds), key=lambda one: one.all_cpu)
    middle = runs[len(runs) // 2]
    if figures:
        figures.write_bytes(msgspec.json.encode(runs))
    before = msgspec.json.decode(against.read_bytes(), type=list[Figures]) if against else []
    table = Table("ms a row", "all", "Google", "CPU", *(["CPU before"] if before else []))
    for phase in PHASES:
        earlier = [f"{median(one.cpu[phase] for one in before):.3f}"] if before else []
        table.add_row(
            phase, f"{middle.wall[phase]:.3f}", f"{middle.google[phase]:.3f}", f"{middle.cpu[phase]:.3f}", *earlier
        )
    Console(width=100).print(table)
    cpu, own = median(one.all_cpu for one in runs), median(one.own for one in runs)
    print(f"CPU {cpu:.3f} ms a row; all but Google's time {own:.3f} ms a row")
    if before:
        cpu_then, own_then = median(one.all_cpu for one in before), median(one.own for one in before)
        print(
            f"of the version before: CPU {cpu / cpu_then:.2f} times, all but Google's time {own / own_then:.2f} times"
        )


if __name__ == "__main__":
    main()
