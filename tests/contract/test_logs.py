"""P11: after a run with errors, no log names anybody, and Cloud Logging can read each line."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from deploy.watching import ALERTS, Alert
from local.issuer.issuing import Issuer
from local.providers.client import Sandbox
from local.providers.people import lead
from local.stack import AUDIENCE, PERSON, ROOT, stack
from tests.support.enrichers import confirmed
from tests.support.running import Running, attach
from tests.support.waiting import wait_until

API_KEY = "slintel-key-5f2c9d"
SLUGS = ["zqanna-logged-1", "zqbert-logged-2", "zqcara-not-found", "zqdora-hang-up-after", "zqemil-broken-lead"]
ERASED, CAPPED = "zqfred-logged-6", "zqnora-logged-7"
STRAY = ["zqgina", "zqhans", "zqida", "zqjana", "zqkurt", "zqlena", "zqmona"]
"""In cells, bodies, addresses and tokens, each once."""
TRACE = "0123456789abcdef0123456789abcdef"
RANKS = ["DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL"]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, set[str]]]:
    """A stack that has seen everything once, and the secrets that it was told meanwhile."""
    home: Path = tmp_path_factory.mktemp("logs")
    with ExitStack() as closing:
        sandbox = closing.enter_context(Sandbox())
        settings: dict[str, Any] = {
            "SLINTEL_API_KEY": API_KEY,
            "SLINTEL_BASE_URL": sandbox.url,
            "GOOGLE_CLOUD_PROJECT": "team",
        }
        running = attach(closing.enter_context(stack(home, **settings)), closing)
        secrets = live(running)
        yield running, secrets | {API_KEY, running.stack.environ["LEADFILL_SECRET_KEY"]}


def live(running: Running) -> set[str]:
    """Runs, formulas, refusals and failures; gives what was secret about them."""
    key = running.key()
    spreadsheet = running.sheet([*(f"https://www.linkedin.com/in/{slug}" for slug in SLUGS), "zqgina@example.com", "x"])
    job = running.run(spreadsheet)
    running.run(running.sheet([f"https://www.linkedin.com/in/{CAPPED}"]), max_credits=confirmed(0))
    token = running.formula_token(spreadsheet)["token"]
    formula = {"Authorization": f"Bearer {token}"}
    body = {"urls": [[f"linkedin.com/in/{slug}"] for slug in SLUGS], "fields": ["email"], "if_missing": "zqhans"}
    running.ask("POST", "/v1/formula", at="formula", by="", headers=formula, json=body)
    running.ask("POST", "/v1/formula", at="formula", by="", headers=formula, json={"urls": ["zqida@example.com"]})

    trace = {"X-Cloud-Trace-Context": f"{TRACE}/1;o=1"}
    running.ask("GET", f"/v1/jobs/{job['id']}/rows", headers=trace)
    running.ask("GET", "/v1/jobs/zqjana", headers=trace)
    running.ask("POST", "/v1/plan", headers=key | trace, json={"spreadsheet_id": "zqkurt@example.com"})
    running.ask("POST", "/v1/erasures", json={"linkedin_url": f"https://www.linkedin.com/in/{ERASED}"})
    running.ask("POST", "/v1/erasures", json={"linkedin_url": "zqlena@example.com"})
    forged = Issuer(running.stack.urls["issuer"]).token(email="zqmona@example.com", aud=AUDIENCE)
    running.ask("GET", "/v1/fields", by="", headers={"Authorization": f"Bearer {forged}"})
    running.ask("POST", "/", at="worker", by="", headers=running.service(), json={"chunk_id": uuid4().hex})
    running.ask("POST", "/", at="worker", by="", headers={"Authorization": f"Bearer {forged}"})

    # A spreadsheet that is gone, one that fails, and one whose access ends while the worker writes.
    failing = running.sheet([f"linkedin.com/in/{SLUGS[0]}"])
    proven = running.prove(failing, running.key())  # so that the failure does not meet the proof, which is not repeated
    running.emulator.switch(fail_next=[503])
    running.run(failing, key=proven)
    ended = running.sheet([f"linkedin.com/in/{SLUGS[1]}"])
    headers = running.prove(ended, key) | {"Idempotency-Key": uuid4().hex}
    wanted = {"spreadsheet_id": ended, "range": "Leads!A2:A", "fields": ["email"], "max_credits": confirmed(1)}
    with running.emulator.between_calls(
        lambda _method, _user: running.emulator.expire(key["X-Sheets-Access-Token"]), "spreadsheets.batchUpdate"
    ):
        waiting = running.ask("POST", "/v1/jobs", headers=headers, json=wanted).json()
        running.finish(waiting, states=frozenset({"waiting_for_access"}))
    # What nobody foresees: a table is gone under the running processes.
    with running.store.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE formula_tokens RENAME TO elsewhere")
    answer = running.ask("POST", "/v1/formula", at="formula", by="", headers=formula, json=body)
    with running.store.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO formula_tokens")
    assert answer.status_code >= 500
    assert "formula_tokens" not in answer.text
    wait_until(lambda: all("severity" in line for line in said(running, "formula").splitlines()))
    return {key["X-Sheets-Access-Token"], token, forged, forged.split(".")[1], running.identity().split(".")[2]}


def said(running: Running, name: str) -> str:
    return running.stack.parts[name].log.read_text(encoding="utf-8")


def test_every_line_of_the_functions_is_an_entry_of_cloud_logging(lived: tuple[Running, set[str]]) -> None:
    running, _ = lived
    traced = 0
    for name in ("api", "formula", "worker"):
        lines = said(running, name).splitlines()
        assert lines, f"{name} logs nothing"
        for line in lines:
            entry = json.loads(line)
            assert entry["severity"] in RANKS
            assert isinstance(entry["message"], str)
            traced += entry.get("logging.googleapis.com/trace") == f"projects/team/traces/{TRACE}"
    assert traced


def test_no_process_has_said_who_anybody_is_or_what_opens_anything(lived: tuple[Running, set[str]]) -> None:
    running, secrets = lived
    names = [
        value
        for slug in SLUGS[:2]
        for value in (lead(slug).get(name) for name in ("firstName", "lastName", "fullName", "first_name", "last_name"))
        if isinstance(value, str) and len(value) > 3
    ]
    words = [
        *secrets,
        *names,
        *SLUGS,
        ERASED,
        CAPPED,
        *STRAY,
        "linkedin.com/in",
        "linkedin.com%2Fin",
        PERSON,
        "@example.com",
        "ya29.",
    ]
    for name, part in running.stack.parts.items():
        text = part.log.read_text(encoding="utf-8").lower()
        found = [word for word in words if word.lower() in text]
        assert not found, f"{name} said {found}"


def test_a_stack_is_logged_where_something_failed_that_nobody_foresaw_without_its_text(
    lived: tuple[Running, set[str]],
) -> None:
    running, _ = lived
    entries = [json.loads(line) for name in ("api", "formula", "worker") for line in said(running, name).splitlines()]
    refused = [entry for entry in entries if entry.get("slug") == "unauthenticated"]
    assert refused
    assert all(entry["severity"] == "WARNING" and "path" in entry for entry in refused)
    assert not any("SELECT" in json.dumps(entry) for entry in entries)


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_each_alert_counts_lines_that_are_really_written_and_no_others(
    lived: tuple[Running, set[str]], alert: Alert
) -> None:
    running, _ = lived
    entries = [json.loads(line) for name in ("api", "formula", "worker") for line in said(running, name).splitlines()]
    counted = [entry for entry in entries if is_counted(alert, entry)]
    assert {entry["message"] for entry in counted} == {
        "credits-in-doubt": {"Credits are in doubt."},
        "run-stopped": {"A run stopped."},
        "errors": {"A request failed."},
    }[alert.name]
    if alert.name == "credits-in-doubt":
        used = running.ask("GET", "/v1/usage").json()
        assert sum(entry["credits"] for entry in counted) == sum(int(day["in_doubt"]) for day in used["days"]) > 0


def is_counted(alert: Alert, entry: dict[str, Any]) -> bool:
    """Whether an alert's filter takes an entry, as Cloud Logging would: of its language, as much as alerts use."""
    if found := re.fullmatch(r'jsonPayload\.(\w+)="(\w+)"', alert.logged):
        return bool(entry.get(found[1]) == found[2])
    found = re.fullmatch(r"severity>=(\w+)", alert.logged)
    assert found, alert.logged
    return RANKS.index(entry["severity"]) >= RANKS.index(found[1])


def test_what_a_library_says_is_logged_without_its_words_and_a_failure_without_its_text() -> None:
    program = """
import logging
from functions import logs
logs.set_up("team")
logging.getLogger("urllib3.pool").warning("Retrying https://www.linkedin.com/in/%s", "zqolga")
logging.getLogger("urllib3.pool").info("https://www.linkedin.com/in/zqolga")
try:
    raise ValueError("zqolga")
except ValueError:
    logs.failure("It failed.", path="/v1/jobs/<job_id>")
logs.event('a "quote"\\nand a line', chunk_id="1")
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    entries = [json.loads(line) for line in done.stderr.splitlines()]
    assert [entry["severity"] for entry in entries] == ["WARNING", "ERROR", "INFO"]
    assert "urllib3.pool" in entries[0]["message"]
    assert entries[1]["stack_trace"].splitlines()[-1] == "ValueError"
    assert entries[2]["message"] == 'a "quote"\nand a line'
    assert all("zqolga" not in entry.get("message", "") for entry in entries)
    assert "linkedin.com/in" not in done.stderr
