"""A job over a running stack: as a person starts it and watches it to its end."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
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
ACTIVE = frozenset({"queued", "running"})
LOOK_EVERY_S = 0.5


@dataclass(frozen=True)
class Ran:
    """A job that has ended."""

    job: dict[str, Any]
    """As the API shows it."""
    planned_s: float
    """From the click until the job was accepted: the whole range is read for that."""
    took_s: float
    """From the click to the end."""


def run(running: Stack, values: Sequence[Sequence[object]], fields: Sequence[str]) -> Ran:
    """Enriches a new spreadsheet whose tab `Leads` holds a header and then URLs in column A."""
    body = {"title": "Benchmark", "sheet": "Leads", "values": values}
    spreadsheet = running.steer("emulator", "POST", "_emulator/spreadsheets", body)["spreadsheetId"]
    return run_over(running, spreadsheet, len(values) - 1, fields)


def run_over(running: Stack, spreadsheet: str, rows: int, fields: Sequence[str], **job_request: str) -> Ran:
    """Enriches a spreadsheet of so many rows; `wish` are further parts of the request."""
    api = running.urls["api"]
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
    started = time.monotonic()
    answer = requests.post(f"{api}/v1/jobs", json=body, headers=headers, timeout=300)
    answer.raise_for_status()
    job, planned_s = answer.json(), time.monotonic() - started
    with Progress(disable=not sys.stdout.isatty()) as progress:
        bar = progress.add_task(f"{rows:,} rows", total=rows)
        while job["state"] in ACTIVE:
            time.sleep(LOOK_EVERY_S)
            headers["Authorization"] = f"Bearer {running.identity_token()}"
            job = requests.get(f"{api}/v1/jobs/{job['id']}", headers=headers, timeout=60).json()
            progress.update(bar, completed=job["done"])
    return Ran(job, planned_s, time.monotonic() - started)
