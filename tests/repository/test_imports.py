"""Importing does nothing, and a path imports only what it needs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import known_lead

ROOT = Path(__file__).parent.parent.parent
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in (ROOT / "functions").rglob("*.py")
    if path.name != "env.py"  # alembic's own script: it is run, not imported
    and path.parent.name != "versions"
)
NOT_NEEDED = {
    "googleapiclient",  # sheets and tasks
    "google.auth",  # a formula token needs no certificates
    "alembic",  # migrations
    "httplib2",
    "requests",  # Slintel, and who is known is not looked up
    "urllib3",
    "functions.entrypoints.api",  # and what only it needs
    "functions.entrypoints.routes",
    "functions.entrypoints.requests",
    "functions.entrypoints.responses",
    "functions.entrypoints.openapi",
    "functions.jobs",
    "functions.sheets",
    "local",
    "tests",
}
GUARD = """
import socket, sys, threading
def refused(*args, **kwargs):
    raise RuntimeError("importing must not use the network")
socket.socket.connect = socket.socket.bind = socket.create_connection = socket.getaddrinfo = refused
"""
IMPORT_ALL = (
    GUARD
    + """
import importlib, json
for name in json.loads(sys.argv[1]):
    before = threading.active_count()
    importlib.import_module(name)
    assert threading.active_count() == before, f"importing {name} starts a thread"
"""
)
ONE_FORMULA = """
import gc, json, os, sys
from functions_framework import create_app
answer = create_app("formula", "main.py").test_client().post(
    "/v1/formula", json=json.loads(sys.argv[1]), headers={"Authorization": "Bearer " + sys.argv[2]}
)
assert gc.isenabled()
print(json.dumps({"status": answer.status_code, "text": answer.text, "modules": sorted(sys.modules)}))
"""


def python(script: str, *arguments: str, **environ: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_module_imports_with_an_empty_environment_and_no_network() -> None:
    assert len(MODULES) > 30
    python(IMPORT_ALL, json.dumps(MODULES))


@pytest.mark.parametrize(
    "name", ["functions.auth.identity_tokens", "functions.sheets.client", "functions.task_queue", "functions.bootstrap"]
)
def test_a_module_imports_by_itself(name: str) -> None:
    python(IMPORT_ALL, json.dumps([name]))


def test_a_formula_with_a_known_lead_imports_nothing_that_it_does_not_need(database_url: str) -> None:
    token = known_lead.prepare(database_url)
    environ = known_lead.environment(database_url) | {"FUNCTION_TARGET": "formula"}
    said = json.loads(python(ONE_FORMULA, json.dumps(known_lead.FORMULA), token, **environ))
    assert said["status"] == 200, said["text"]
    assert known_lead.EMAIL in said["text"]
    made = [name for name in said["modules"] if name.split(".")[0] in NOT_NEEDED or name in NOT_NEEDED]
    assert made == []
