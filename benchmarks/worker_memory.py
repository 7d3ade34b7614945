"""Memory of a worker at its worst: as many chunks at once as an instance runs, each full of very long custom fields.

Run: `python -m benchmarks.worker_memory` (some minutes). Each chunk belongs to a run of its own in a spreadsheet of its
own, over people who are known; its fields make as much text as their steps allow, in letters of one byte and of four.
The peak of the worker's process is printed beside the memory that an instance has, of which it may take 85 %; then all
is undone, and the peak printed again.
"""

from __future__ import annotations

import json
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from deploy import target
from functions.credits.lead_status import LeadStatus
from functions.jobs.new_job import CHUNK_ROWS
from functions.profiles import parse
from functions.store import leads
from functions.store.leads import Known
from local.stack import stack
from tests.support.desk import url_of
from tests.support.enrichers import PROVIDER
from tests.support.long_fields import LONG_FIELDS, TEXT_LENGTH, long_fields
from tests.support.peak_memory import peak_bytes
from tests.support.running import Json, Running, attach

AT_MOST_S = 500.0
LETTERS = {"x": 1, "\N{GRINNING FACE}": 4}
"""Each with its bytes in memory."""


def run(running: Running, letter: str, rows: int, count: int) -> list[Json]:
    """Fill so many sheets at once, to the end."""
    slugs = [f"long-{number}" for number in range(rows)]
    lead = leads.pack(json.dumps({"name": "Given Family"}).encode())
    known = Known(LeadStatus.FOUND, datetime.now(UTC), packed=lead)
    with running.store.writing() as connection:
        leads.learn(connection, {(parse(f"linkedin.com/in/{slug}").key, PROVIDER): known for slug in slugs})
    sheets = [running.sheet([url_of(slug) for slug in slugs]) for _ in range(count)]
    started = [running.start(sheet, fields=long_fields(letter)) for sheet in sheets]
    ended = [running.finish(job, at_most_s=AT_MOST_S) for job in started]
    assert all(job["counts"] == {"known": rows} for job in ended), ended
    for sheet in sheets:
        assert [len(text) for text in running.emulator.values(sheet, f"Leads!B{rows + 1}:Z{rows + 1}")[0]] == [
            TEXT_LENGTH for _ in LONG_FIELDS
        ]
    return ended


def undo(running: Running, jobs: list[Json]) -> None:
    """Undo these at once, to the end."""
    for job in jobs:
        assert running.ask("POST", f"/v1/jobs/{job['id']}/undo", headers=running.key()).ok
    for job in jobs:
        ended = running.finish(job, at_most_s=AT_MOST_S)
        assert (ended["state"], ended["message"]) == ("undone", None), ended


def measure(letter: str, rows: int) -> list[str]:
    """Return a line of the table, from a worker that has done nothing else."""
    function = next(function for function in target.FUNCTIONS if function.name == "worker")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as closing:
        started = stack(Path(folder), THREADS="8", SHEETS_CALLS_PER_MINUTE="100000")
        running = attach(closing.enter_context(started), closing)
        worker = running.stack.parts["worker"].process
        assert worker is not None
        at_rest, began_s = peak_bytes(worker.pid), time.perf_counter()
        jobs = run(running, letter, rows, function.concurrency)
        at_worst, took_s = peak_bytes(worker.pid), time.perf_counter() - began_s
        undo(running, jobs)
        undone = peak_bytes(worker.pid)
    text = rows * len(LONG_FIELDS) * TEXT_LENGTH / 1e6
    peaks = [f"{peak / 1024**2:,.0f} MiB" for peak in (at_rest, at_worst, undone)]
    return [
        str(LETTERS[letter]),
        f"{function.concurrency} of {text:,.0f} million",
        *peaks,
        function.memory,
        f"{took_s:,.0f} s",
    ]


@click.command()
@click.option(
    "--rows", default=CHUNK_ROWS, show_default=True, help="Rows of each chunk; of long letters as many fewer."
)
@click.option("--letters", type=click.Choice(["1", "4"]), help="Only letters of so many bytes.")
def main(rows: int, letters: str | None) -> None:
    """Measure a worker's memory at its worst."""
    table = Table("bytes of a letter", "letters", "at rest", "peak", "peak with the undo", "memory", "time")
    for letter, size in LETTERS.items():
        if letters in (None, str(size)):
            table.add_row(*measure(letter, rows // size))
    Console().print(table)


if __name__ == "__main__":
    main()
