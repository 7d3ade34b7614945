"""Everything goes wrong at once, and afterwards nothing is lost, paid twice, stuck or left over.

Workers die in the middle of their work, the database restarts, connections break, tasks come twice and late, the sheet
and the provider fail, answers are lost after the charge, clocks disagree, and somebody sorts the sheet meanwhile.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests

from functions.outcomes import retryable
from functions.store import job_rows
from local.ports import HOST, free_port
from local.providers.client import Sandbox
from local.stack import REST
from tests.support.chaos import aftermath
from tests.support.chaos.run import Run
from tests.support.chaos.trouble import WORKERS, Trouble
from tests.support.cluster import cluster
from tests.support.postgresql import Server, server
from tests.support.running import OVER, Json, Running, attach
from tests.support.waiting import wait_until_quiet

CALM_S = 180.0
"""Seconds that the work may take once nothing goes wrong any more."""
PROVIDERS = ("slintel", "prospeo")
"""The one charges every repeat, the other says that a repeat was free."""
TIMEOUT_S = 30
RETRIES = 3
"""Of a run in which rows are left that a retry opens."""


@dataclass(frozen=True, slots=True)
class World:
    """The parts that all seeds share."""

    running: Running
    sandboxes: Mapping[str, Sandbox]
    """The providers, by name."""
    server: Server

    def ask(self, method: str, path: str, run: Run, **more: Any) -> Json:  # noqa: ANN401 - as requests has it
        """A call of the API; like every client, once more where it met trouble."""
        until = time.monotonic() + CALM_S
        while True:
            headers = {"X-Sheets-Access-Token": run.token, **more.get("headers", {})}
            try:
                answer = self.running.ask(method, path, by=run.person, **more | {"headers": headers})
            except requests.RequestException:
                answer = None
            if answer is not None and answer.status_code < 400:
                found: Json = answer.json()
                return found
            worth_it = answer is None or answer.status_code >= 429
            assert worth_it, answer.text if answer is not None else ""
            assert time.monotonic() < until, answer.text if answer is not None else "no answer"
            time.sleep(0.3)

    def requests(self) -> dict[str, int]:
        """Return the number of lookups that each provider was asked for."""
        return {name: sandbox.charges()["requests"] for name, sandbox in self.sandboxes.items()}

    def start(self, run: Run) -> None:
        """Starts a run, once."""
        body = {
            "spreadsheet_id": run.spreadsheet,
            "range": "Leads!B2:B",
            "fields": list(run.fields),
            "max_credits": everywhere(run.ceiling),
        }
        run.token = self.running.key(run.person)["X-Sheets-Access-Token"]
        run.job = self.ask("POST", "/v1/jobs", run, json=body, headers={"Idempotency-Key": uuid4().hex})

    def look(self, run: Run) -> bool:
        """Return whether a run is over."""
        run.job = self.ask("GET", f"/v1/jobs/{run.job['id']}", run)
        return run.job["state"] in OVER

    def finish(self, runs: Sequence[Run], trouble: Trouble) -> None:
        """Waits until all runs are over, while the scheduler calls now and then."""
        until = time.monotonic() + CALM_S
        while not all([self.look(run) for run in runs]):  # noqa: C419 - each is looked at
            assert time.monotonic() < until, f"stuck: {[run.job for run in runs]}"
            trouble.sweep()
            time.sleep(0.5)


@contextmanager
def world(home: Path) -> Iterator[World]:
    """All of Leadfill as processes, over a database that can be broken off."""
    with server() as database, ExitStack() as closing:
        url, sweep = database.database(), free_port(0)
        database.bend_time(url)
        started = closing.enter_context(
            cluster(
                home,
                workers=WORKERS,
                providers=(*PROVIDERS, REST),
                DATABASE_URL=url,
                SLINTEL_CONCURRENCY="4",
                PROSPEO_CONCURRENCY="4",
                PROSPEO_TIMEOUT_S=str(TIMEOUT_S),
                CHAOS_DOUBT_RESTS_S=str(2 - TIMEOUT_S),  # no answer takes that long here
                CREDITS_PER_RUN="1000000",
                CREDITS_PER_USER_DAY="1000000",
                CREDITS_PER_MONTH="1000000",
                SWEEP_URL=f"http://{HOST}:{sweep}",
                FUNCTION_SOURCE=str(Path(__file__).with_name("skewed.py")),
            )
        )
        started.start_function("sweep", sweep)
        sandboxes = {name: Sandbox.at(started.urls[name], started.secret) for name in PROVIDERS}
        yield World(attach(started, closing), sandboxes, database)


def everywhere(credits_: int) -> Json:
    """So many credits of each provider, as a request says it."""
    return {name: str(credits_) for name in PROVIDERS}


def sheet_rows(draw: random.Random, names: Sequence[str], count: int) -> list[list[str]]:
    """A sheet: a name for each row, its URL (people come twice, cells hold junk), a note."""
    rows = [["Id", "LinkedIn", "Note"]]
    for number in range(count):
        url = f"https://www.linkedin.com/in/{draw.choice(names) if draw.random() < 0.15 else names[number]}"
        if draw.random() < 0.03:
            url = draw.choice(["", "no profile", "https://www.linkedin.com/company/acme"])
        rows.append([f"id-{number}", url, f"{draw.randrange(10**6):06}"])
    return rows


def made_up(place: World, seed: int, draw: random.Random, rows: int) -> list[Run]:
    """Two people's runs over one sheet, and a run over another one that shares people with it."""
    names = [f"chaos-{seed}-{number}" for number in range(rows + rows // 2)]
    first, second = sheet_rows(draw, names, rows), sheet_rows(draw, names[rows - rows // 4 :], rows // 2)
    ceiling = rows // 3 if seed % 4 == 3 else 10**6
    here, there = place.running.emulator.spreadsheet(first), place.running.emulator.spreadsheet(second)
    one, other = f"one-{seed}@example.com", f"other-{seed}@example.com"
    return [
        Run(one, here, first, ("email", "title", "company", "size"), ceiling),
        Run(other, here, first, ("industry", "function"), ceiling),
        Run(one, there, second, ("email", "industry"), ceiling),
    ]


def chaos(place: World, seed: int, *, rows: int | None = None, strikes: int = 8) -> str:
    """One seed: trouble, then calm; checks everything, and gives a line about it."""
    draw, began_s = random.Random(seed), time.monotonic()
    rows = rows or draw.randint(300, 600)
    trouble = Trouble(place.running, place.sandboxes, place.server, draw)
    runs = made_up(place, seed, draw, rows)
    trouble.begin(seed)
    for run in runs:
        place.start(run)
    place.running.emulator.random_edits(runs[0].spreadsheet, seed, probability=0.15, kinds=["sort", "move_rows"])
    for _ in range(strikes):
        time.sleep(draw.uniform(0.5, 3.0))
        trouble.strike()
    trouble.rest()
    trouble.power_cut()  # whatever the dead still held: its time is over
    place.finish(runs, trouble)
    edits = place.running.emulator.random_edits_made(stop=True)
    capped = runs[0].ceiling < rows
    if not capped:
        _retry(place, runs, trouble)
    for sandbox in place.sandboxes.values():
        wait_until_quiet(sandbox)
    found = aftermath.judge(place.running, place.sandboxes, seed, runs, capped=capped)
    lookups, doubted = place.requests(), sum(aftermath.doubted(place.running, "prospeo", seed).values())
    quiet = _again(place, runs, trouble)
    aftermath.compare(place.running, runs, quiet)
    if not capped:
        more = {name: count - lookups[name] for name, count in place.requests().items()}
        assert more["slintel"] == 0, "what was paid for was asked for again"
        assert doubted <= more["prospeo"] <= 2 * doubted, "what was not in doubt was asked for again"
    aftermath.no_free_doubt_is_left(place.running, place.sandboxes["prospeo"], "prospeo", seed)
    return (
        f"seed {seed}: {rows} rows, {dict(trouble.made)}, {len(edits['log'])} edits{', capped' if capped else ''}; "
        f"{found}; {time.monotonic() - began_s:.0f} s"
    )


def _retry(place: World, runs: Sequence[Run], trouble: Trouble) -> None:
    """Retry what can be, but for doubts that may cost twice, as its owner would."""
    for run in runs:
        left = -1
        for _ in range(RETRIES):
            with place.running.store.reading() as connection:
                rows = job_rows.ended_as(connection, run.job["id"], retryable(in_doubt=False))
            if len(rows) in (0, left):  # a charged answer that could not be read stays so
                break
            left = len(rows)
            more, key = {"max_credits": everywhere(10**6)}, {"Idempotency-Key": uuid4().hex}
            run.job = place.ask("POST", f"/v1/jobs/{run.job['id']}/retry", run, json=more, headers=key)
            trouble.made["retry"] += 1
            place.finish([run], trouble)


def _again(place: World, runs: Sequence[Run], trouble: Trouble) -> list[Run]:
    """The same runs over fresh copies of the sheets, with nothing going wrong."""
    copies = {run.spreadsheet: place.running.emulator.spreadsheet(run.rows) for run in runs}
    quiet = [Run(run.person, copies[run.spreadsheet], run.rows, run.fields, 10**6) for run in runs]
    for run in quiet:
        place.start(run)
    place.finish(quiet, trouble)
    return quiet
