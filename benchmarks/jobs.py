"""A job over a running stack: as a person starts it and watches it to its end."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, TypedDict
from uuid import uuid4

import requests
from rich.progress import Progress

from local.stack import Stack
from tests.support.enrichers import confirmed


class Caps(TypedDict):
    """The caps, as settings of the functions."""

    CREDITS_PER_RUN: str
    CREDITS_PER_USER_DAY: str
    CREDITS_PER_MONTH: str


PLENTY = Caps(CREDITS_PER_RUN="1000000", CREDITS_PER_USER_DAY="1000000", CREDITS_PER_MONTH="1000000")
"""Nobody reaches them."""
LOOK_EVERY_S = 0.5
RENEWED_EVERY_S = 300.0
"""An identity token lasts an hour, and some runs take longer."""


@dataclass(slots=True)
class Job:
    """A job that was started."""

    running: Stack
    shown: dict[str, Any]
    """As the API showed it last."""
    _identity: str = ""
    _renewed_s: float = -inf

    @property
    def is_active(self) -> bool:
        """Tell whether it had not ended at the last look."""
        return self.shown["state"] in {"queued", "running"}

    def look(self) -> dict[str, Any]:
        """Asks for it again; gives it as the API shows it now."""
        if time.monotonic() - self._renewed_s >= RENEWED_EVERY_S:
            self._identity, self._renewed_s = self.running.identity_token(), time.monotonic()
        headers = {"Authorization": f"Bearer {self._identity}"}
        url = f"{self.running.urls['api']}/v1/jobs/{self.shown['id']}"
        self.shown = requests.get(url, headers=headers, timeout=60).json()
        return self.shown


@dataclass(frozen=True)
class Ran:
    """A job that has ended."""

    job: dict[str, Any]
    """As the API shows it."""
    planned_s: float
    """From the click until the job was accepted: the whole range is read for that."""
    took_s: float
    """From the click to the end."""


def spreadsheet_of(running: Stack, values: Sequence[Sequence[object]]) -> str:
    """Makes a spreadsheet whose tab `Leads` holds these values; gives its id."""
    body = {"title": "Benchmark", "sheet": "Leads", "values": values}
    made: str = running.steer("emulator", "POST", "_emulator/spreadsheets", body)["spreadsheetId"]
    return made


def start(running: Stack, spreadsheet: str, rows: int, fields: Sequence[str], **job_request: str) -> Job:
    """Confirms a run over the URLs below the header of column A.

    Args:
        running: where.
        spreadsheet: its id.
        rows: how many rows hold a URL; each may cost a credit.
        fields: what is filled in.
        job_request: further parts of the request.

    Raises:
        requests.HTTPError: the job was refused.
    """
    headers = {
        "Authorization": f"Bearer {running.identity_token()}",
        "X-Sheets-Access-Token": running.sheets_token(),
        "Idempotency-Key": uuid4().hex,
    }
    body = {
        "spreadsheet_id": spreadsheet,
        "range": "Leads!A2:A",
        "fields": list(fields),
        "max_credits": confirmed(rows),
        **job_request,
    }
    answer = requests.post(f"{running.urls['api']}/v1/jobs", json=body, headers=headers, timeout=300)
    answer.raise_for_status()
    return Job(running, answer.json())


def run(running: Stack, values: Sequence[Sequence[object]], fields: Sequence[str]) -> Ran:
    """Enriches a new spreadsheet whose tab `Leads` holds a header and then URLs in column A."""
    return run_over(running, spreadsheet_of(running, values), len(values) - 1, fields)


def run_over(running: Stack, spreadsheet: str, rows: int, fields: Sequence[str], **job_request: str) -> Ran:
    """Starts a job as `start` does, and watches it to its end."""
    started = time.monotonic()
    job = start(running, spreadsheet, rows, fields, **job_request)
    planned_s = time.monotonic() - started
    with Progress(disable=not sys.stdout.isatty()) as progress:
        bar = progress.add_task(f"{rows:,} rows", total=rows)
        while job.is_active:
            time.sleep(LOOK_EVERY_S)
            progress.update(bar, completed=job.look()["done"])
    return Ran(job.shown, planned_s, time.monotonic() - started)
