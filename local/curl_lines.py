"""The commands that `make run` prints for whoever has no browser: they plan and enrich the rows of the opened file."""

from __future__ import annotations

import json
import os
import shlex
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote as quote_url

import requests

from local.lists.columns import letter
from local.lists.url_column import hits_of, is_profile
from local.private_files import private_file
from local.sheets_api.a1 import quote
from local.stack import Stack

FIELDS = ("email", "title", "company", "size")
READ_WITHIN_S = 60.0


def curl_lines(running: Stack) -> tuple[str, ...]:
    """Return the commands for the first tab of the first file, none if no cell in it is a person's URL.

    Tokens stand in a file and not on the command line.
    """
    token = running.sheets_token(spreadsheets=[running.spreadsheet_id])
    headers = private_file(running.home / "headers.txt")
    lines = (
        f"Authorization: Bearer {running.identity_token()}",
        f"X-Sheets-Access-Token: {token}",
        "Content-Type: application/json",
    )
    headers.write_text("\n".join(lines) + "\n", encoding="utf-8")
    body = body_for(_rows(running, token), running.tab)
    if body is None:
        return ()
    body = {"spreadsheet_id": running.spreadsheet_id, **body}
    return commands(running.urls["api"], headers, body, running.asked.names[0])


def body_for(rows: Sequence[Sequence[str]], tab: str) -> dict[str, Any] | None:
    """Return the range of people in a tab and the fields to ask for; None if no cell is a person's URL."""
    held = [[str(cell) for cell in row] for row in rows]
    hits = [hits_of(held, place) for place in range(max(map(len, held), default=0))]
    if not any(hits):
        return None
    place = hits.index(max(hits))
    people = [number for number, row in enumerate(held, 1) if place < len(row) and is_profile(row[place])]
    column = letter(place)
    return {"range": f"{quote(tab)}!{column}{people[0]}:{column}{people[-1]}", "fields": list(FIELDS)}


def _rows(running: Stack, token: str) -> list[list[str]]:
    path = f"v4/spreadsheets/{running.spreadsheet_id}/values/{quote_url(quote(running.tab), safe='')}"
    answer = requests.get(
        f"{running.urls['emulator']}/{path}", headers={"Authorization": f"Bearer {token}"}, timeout=READ_WITHIN_S
    )
    answer.raise_for_status()
    found: list[list[str]] = answer.json().get("values", [])
    return found


def commands(api: str, headers: Path, body: dict[str, Any], provider: str) -> tuple[str, ...]:
    """Return the commands for a body: one plans, one starts a run of a credit for each row at most."""
    where = shlex.quote(f"@{os.path.relpath(headers)}")
    first, last = (int("".join(filter(str.isdigit, end))) for end in body["range"].rpartition("!")[2].split(":"))
    ceiling = {"max_credits": {provider: str(last - first + 1)}}
    key = f"first-run-{int(time.time())}"
    return (
        f"curl -s -H {where} {api}/v1/plan -d {shlex.quote(json.dumps(body))}",
        f"curl -s -H {where} {api}/v1/jobs -H 'Idempotency-Key: {key}' -d {shlex.quote(json.dumps(body | ceiling))}",
    )
