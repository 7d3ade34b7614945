"""P11: only people who are allowed to can see data or spend: each attack on the running processes comes to nothing.

What tokens are worth is proved, in all their forms, in test_p11_only_who_may.py; here they knock at the real doors.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from functions.entrypoints.routes import ROUTES
from functions.providers.slintel import Slintel
from functions.store import schema
from functions.store.job_states import ChunkState
from local.issuer.issuing import Issuer
from local.stack import AUDIENCE, WORKER
from tests.support.enrichers import confirmed, people
from tests.support.running import Json, Running, running_fixture, slugs
from tests.support.waiting import wait_until

__all__ = ["running_fixture"]

STRANGER, COLLEAGUE = "stranger@evil.example", "colleague@example.com"
CALLS = [(route.method, re.sub(r"\{\w+\}", "x", route.path)) for route in ROUTES if not route.is_public]
"""Every call of `api` that is not for everybody."""


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def confused(running: Running) -> str:
    """HS256, keyed with the issuer's public key."""
    certs = running.session.get(f"{running.stack.urls['issuer']}/certs", timeout=10).json()
    key_id, pem = next(iter(certs.items()))
    public = x509.load_pem_x509_certificate(pem.encode()).public_key()
    claims = running.identity().split(".")[1]
    signed = f"{part({'alg': 'HS256', 'typ': 'JWT', 'kid': key_id})}.{claims}"
    key = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signature = base64.urlsafe_b64encode(hmac.digest(key, signed.encode(), hashlib.sha256)).rstrip(b"=").decode()
    return f"{signed}.{signature}"


TOKENS: dict[str, Callable[[Running], str]] = {
    "none": lambda _: "",
    "forged": lambda r: Issuer(r.stack.urls["issuer"]).token(email="you@example.com", aud=AUDIENCE),
    "of another issuer": lambda _: Issuer("https://evil.example").token(email="you@example.com", aud=AUDIENCE),
    "expired": lambda r: r.identity(expires_in=-3600),
    "for another audience": lambda r: r.identity(aud="43.apps.googleusercontent.com"),
    "unsigned": lambda r: f"{part({'alg': 'none', 'typ': 'JWT'})}.{r.identity().split('.')[1]}.",
    "signed with the public key": confused,
    "of an unverified address": lambda r: r.identity(email_verified=False),
    "of a stranger": lambda r: r.identity(STRANGER),
    "of a stranger with an address like ours": lambda r: r.identity("you@example.com", hd="evil.example"),
    "of a service account": lambda r: r.service()["Authorization"][7:],
    "for formulas": lambda r: r.formula_token(r.sheet(["x"]))["token"],
    "access to a sheet": lambda r: r.key()["X-Sheets-Access-Token"],
}


@pytest.mark.parametrize("name", TOKENS)
def test_no_such_token_opens_any_door_of_the_api(running: Running, name: str) -> None:
    headers = {"Authorization": f"Bearer {TOKENS[name](running)}"} | running.key()
    for method, path in CALLS:
        answer = running.ask(method, path, by="", headers=headers, json={} if method == "POST" else None)
        assert answer.status_code in {401, 403}, (method, path)
        assert "example.com" not in answer.text


@pytest.mark.parametrize("name", [name for name in TOKENS if name != "for formulas"])
def test_no_such_token_opens_the_formula(running: Running, name: str) -> None:
    person = slugs(1)
    headers = {"Authorization": f"Bearer {TOKENS[name](running)}"}
    body = {"urls": [[f"linkedin.com/in/{person[0]}"]], "fields": ["email"]}
    assert running.ask("POST", "/v1/formula", at="formula", by="", headers=headers, json=body).status_code == 401
    own = {"Authorization": f"Bearer {running.identity()}"}
    assert running.ask("POST", "/v1/formula", at="formula", by="", headers=own, json=body).status_code == 401
    assert running.charged(*person) == 0


@pytest.mark.parametrize("name", [name for name in TOKENS if name != "of a service account"])
def test_no_such_token_moves_the_worker(running: Running, name: str) -> None:
    headers = {"Authorization": f"Bearer {TOKENS[name](running)}"}
    answer = running.ask("POST", "/", at="worker", by="", headers=headers, json={"chunk_id": "x"})
    assert answer.status_code in {401, 403}


@pytest.mark.parametrize(
    ("email", "audience"), [("other@leadfill-local.iam.gserviceaccount.com", ""), (WORKER, "https://other.example")]
)
def test_neither_another_account_nor_another_audience_moves_the_worker(
    running: Running, email: str, audience: str
) -> None:
    headers = running.service(email, audience)
    answer = running.ask("POST", "/", at="worker", by="", headers=headers, json={"chunk_id": "x"})
    assert answer.status_code in {401, 403}


def test_a_formula_token_reaches_nothing_but_the_formula_of_its_own_spreadsheet(running: Running) -> None:
    one, other = running.sheet(["x"]), running.sheet(["x"])
    headers = {"Authorization": f"Bearer {running.formula_token(one)['token']}"}
    body = {"urls": [["x"]], "fields": ["email"]}
    assert running.ask("POST", "/v1/formula", at="formula", by="", headers=headers, json=body).status_code == 200
    for told, status in ((one, 200), (other, 403)):
        said = headers | {"X-Spreadsheet-Id": told}
        assert running.ask("POST", "/v1/formula", at="formula", by="", headers=said, json=body).status_code == status
    for method, path in CALLS:
        assert running.ask(method, path, at="formula", by="", headers=headers).status_code == 404


def test_nobody_makes_a_formula_token_for_a_sheet_that_they_cannot_open(running: Running) -> None:
    body = {"spreadsheet_id": running.sheet(["x"])}
    for key in (running.key(COLLEAGUE, []), {"X-Sheets-Access-Token": "ya29.guessed"}):
        answer = running.ask("POST", "/v1/formula-tokens", by=COLLEAGUE, headers=key, json=body)
        assert answer.status_code == 403


def test_another_persons_job_is_not_there_unless_one_opens_its_spreadsheet_oneself(running: Running) -> None:
    spreadsheet = running.sheet([f"linkedin.com/in/{slugs(1)[0]}"])
    job = running.run(spreadsheet)["id"]
    paths = [("GET", ""), ("GET", "/rows"), ("POST", "/cancel"), ("POST", "/undo"), ("POST", "/access")]
    closed = [{}, running.key(COLLEAGUE, []), {"X-Sheets-Access-Token": "ya29.guessed"}]
    for headers in closed:  # the answers are as if there were no such job
        for method, path in paths:
            answer, guess = (
                running.ask(method, f"/v1/jobs/{job_id}{path}", by=COLLEAGUE, headers=headers)
                for job_id in (job, uuid4().hex)
            )
            assert (answer.status_code, answer.json()) == (guess.status_code, guess.json()), path
            assert answer.status_code == (401 if path in {"/undo", "/access"} and not headers else 404), path
        listed = running.ask("GET", "/v1/jobs", by=COLLEAGUE, headers=headers, params={"spreadsheet_id": spreadsheet})
        assert listed.json() == {"jobs": []}

    open_ = running.key(COLLEAGUE, [spreadsheet])
    assert running.ask("GET", f"/v1/jobs/{job}", by=COLLEAGUE, headers=open_).json()["id"] == job
    assert running.ask("GET", f"/v1/jobs/{job}/rows", by=COLLEAGUE, headers=open_).status_code == 200
    listed = running.ask("GET", "/v1/jobs", by=COLLEAGUE, headers=open_, params={"spreadsheet_id": spreadsheet})
    assert [item["id"] for item in listed.json()["jobs"]] == [job]


def test_who_has_lost_a_spreadsheet_can_no_longer_write_to_it_through_their_own_job(running: Running) -> None:
    spreadsheet = running.sheet([f"linkedin.com/in/{slugs(1)[0]}"])
    job = running.run(spreadsheet)["id"]
    before = running.emulator.values(spreadsheet, "Leads!A1:B9")
    for path in ("/undo", "/retry", "/access"):
        headers = running.key(spreadsheets=[]) | {"Idempotency-Key": uuid4().hex}
        answer = running.ask("POST", f"/v1/jobs/{job}{path}", headers=headers, json={"max_credits": confirmed(1)})
        assert answer.status_code == 403, path
    assert running.emulator.values(spreadsheet, "Leads!A1:B9") == before


def test_who_may_only_read_a_spreadsheet_starts_no_undo_of_it(running: Running) -> None:
    spreadsheet = running.sheet([f"linkedin.com/in/{slugs(1)[0]}"])
    job = running.run(spreadsheet)
    before = running.emulator.values(spreadsheet, "Leads!A1:B9")
    answer = running.ask("POST", f"/v1/jobs/{job['id']}/undo", headers=running.key(role="reader"))
    if answer.status_code == 202:
        wait_until(lambda: running.ask("GET", f"/v1/jobs/{job['id']}").json()["state"] != "undoing")
    assert running.emulator.values(spreadsheet, "Leads!A1:B9") == before


def test_task_calls_replayed_or_made_up_run_nothing_twice(running: Running) -> None:
    person = slugs(2)
    spreadsheet = running.sheet([f"linkedin.com/in/{slug}" for slug in person])
    job = running.run(spreadsheet)
    with running.store.reading() as connection:
        table = schema.chunks
        chunks = list(connection.scalars(sa.select(table.c.id).where(table.c.job_id == job["id"])))
    assert chunks
    before = running.emulator.calls()["writes"]
    for chunk in [*chunks, *chunks, uuid4().hex, f"{job['id']}-7"]:
        answer = running.ask("POST", "/", at="worker", by="", headers=running.service(), json={"chunk_id": chunk})
        assert answer.status_code in {200, 204, 404}
    assert running.charged(*person) == 2
    assert running.emulator.calls()["writes"] == before
    assert running.ask("GET", f"/v1/jobs/{job['id']}").json() == job
    with running.store.reading() as connection:
        states = set(connection.scalars(sa.select(table.c.state).where(table.c.job_id == job["id"])))
    assert states <= {ChunkState.DONE}


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"null", b"[]", b'{"chunk_id": 7}', b'{"chunk_id": "../x"}', b'{"chunk_id": "x", "url": "y"}', b"\xff"],
)
def test_a_task_call_that_is_none_is_a_400(running: Running, text: bytes) -> None:
    answer = running.ask("POST", "/", at="worker", by="", headers=running.service(), data=text)
    assert answer.status_code == 400


BODIES = {
    "deeply nested": b"[" * 100_000,
    "deeply nested in a field": b'{"spreadsheet_id": ' + b'{"a":' * 50_000,
    "too large": b'{"range": "' + b"x" * 5_000_000 + b'"}',
    "a number for text": b'{"spreadsheet_id": 1e999, "range": "A!A1", "fields": ["email"]}',
    "a huge number": b'{"spreadsheet_id": ' + b"9" * 100_000 + b"}",
    "a key twice": b'{"spreadsheet_id": "a", "spreadsheet_id": "", "range": "A!A1", "fields": ["email"]}',
    "no UTF-8": b'{"spreadsheet_id": "\xff\xfe"}',
    "a lone surrogate": b'{"spreadsheet_id": "x", "range": "\\ud800", "fields": ["email"]}',
    "a null byte": b'{"spreadsheet_id": "x", "range": "L\\u0000!A1", "fields": ["\\u0000"]}',
    "not JSON": b"spreadsheet_id=x&range=y",
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_is_none_is_refused_in_a_sentence(running: Running, name: str) -> None:
    headers = running.key() | {"Idempotency-Key": uuid4().hex, "Content-Type": "application/json"}
    for path in ("/v1/plan", "/v1/jobs", "/v1/formula-tokens", "/v1/check"):
        answer = running.ask("POST", path, headers=headers, data=BODIES[name])
        assert 400 <= answer.status_code < 500, (path, answer.status_code)
        assert answer.json()["detail"]
        assert answer.headers["Content-Type"] == "application/problem+json"


def test_megabytes_of_url_cost_nothing(running: Running) -> None:
    long = "https://www.linkedin.com/in/" + "a" * 10_000_000
    token = {"Authorization": f"Bearer {running.formula_token(running.sheet(['x']))['token']}"}
    answer = running.ask(
        "POST", "/v1/formula", at="formula", by="", headers=token, json={"urls": [[long]], "fields": ["email"]}
    )
    assert answer.status_code == 413
    answer = running.ask(
        "POST",
        "/v1/formula",
        at="formula",
        by="",
        headers=token,
        json={"urls": [[long[:3_000_000]]], "fields": ["email"]},
    )
    assert answer.status_code == 200
    cell = answer.json()["values"][0][0]
    assert cell.startswith("⚠")
    assert len(cell) < 500
    # As an address, it is refused or simply leads nowhere.
    assert running.ask("GET", "/v1/fields?" + "a" * 1_000_000).status_code in {200, 400, 414}
    assert running.ask("GET", "/v1/jobs", params={"spreadsheet_id": long[:60_000]}).status_code == 200


def raw(running: Running, *pieces: bytes, at: str = "api", read: bool = True) -> bytes:
    """What comes back for these bytes."""
    host = urlsplit(running.stack.urls[at])
    with socket.create_connection((host.hostname or "", host.port or 0), timeout=60) as connection:
        for piece in pieces:
            connection.sendall(piece)
        return connection.recv(65536) if read else b""


@pytest.mark.parametrize("header", ["X-Sheets-Access-Token", "Idempotency-Key", "X-Cloud-Trace-Context"])
@pytest.mark.parametrize("evil", [b"a\rSet-Cookie: x=1", b"a\x00b", b"\x1b[2J" + b"a" * 20, b"a\r\n Set-Cookie: x=1"])
def test_no_line_break_in_a_header_reaches_an_answer_or_a_log(running: Running, header: str, evil: bytes) -> None:
    log = running.stack.home / "api.log"
    before = log.stat().st_size
    values = {
        "Authorization": f"Bearer {running.identity()}".encode(),
        "X-Sheets-Access-Token": b"ya29.x",
        "Idempotency-Key": b"abcdefgh1",
        "Content-Length": b"2",
        header: evil,
    }
    lines = [b"POST /v1/jobs HTTP/1.1", b"Host: x", *(name.encode() + b": " + value for name, value in values.items())]
    said = raw(running, b"\r\n".join(lines) + b"\r\n\r\n{}")
    assert said.split(b" ")[1] in {b"400", b"401", b"403"}
    assert b"Set-Cookie" not in said
    assert b"\x1b" not in said
    written = log.read_bytes()[before:]
    assert b"Set-Cookie" not in written
    assert b"\x1b" not in written


@pytest.mark.parametrize(
    "evil",
    [
        "x'; DROP TABLE jobs; --",
        'x" OR 1=1 --',
        "%27%20OR%201=1",
        "../../etc/passwd",
        "{{7*7}}${7*7}%(asctime)s{0.__class__}",
        '{"severity": "ERROR"}\n{"severity": "EMERGENCY", "message": "forged"}',
    ],
)
def test_sql_templates_and_log_lines_in_values_are_only_text(running: Running, evil: str) -> None:
    job = running.run(running.sheet(["x"]))
    log = running.stack.home / "api.log"
    before = log.stat().st_size
    headers = running.key() | {"Idempotency-Key": uuid4().hex}
    body: Json = {"spreadsheet_id": "x", "range": "L!A2:A", "fields": ["email"], "max_credits": confirmed(0)}
    for changes in ({"spreadsheet_id": evil}, {"range": evil}, {"fields": [evil]}, {evil: 1}, {"header": evil}):
        assert 400 <= running.ask("POST", "/v1/jobs", headers=headers, json=body | changes).status_code < 500
    for method, path, query in (
        ("GET", "/v1/jobs", {"spreadsheet_id": evil}),
        ("GET", f"/v1/jobs/{job['id']}/rows", {"outcome": evil}),
        ("GET", f"/v1/jobs/{job['id']}/rows", {"page_token": evil}),
        ("GET", "/v1/usage", {"days": evil}),
    ):
        assert running.ask(method, path, params=query).status_code in {200, 400}, path
    evil_path = "/v1/jobs/" + "".join(f"%{byte:02X}" for byte in evil.encode())
    assert running.ask("GET", evil_path).status_code in {404, 405}
    assert running.ask("GET", f"/v1/jobs/{job['id']}").status_code == 200
    for line in log.read_bytes()[before:].splitlines():
        logged = json.loads(line)
        assert logged["severity"] in {"INFO", "WARNING"}
        assert "forged" not in line.decode()
        assert "DROP" not in line.decode()


HTML = "<img src=x onerror=alert(1)>"


def test_html_and_formulas_in_cells_headers_and_titles_stay_text(running: Running) -> None:
    person = slugs(1)[0]
    spreadsheet = running.emulator.spreadsheet(
        [[HTML, '=HYPERLINK("x")'], [f"linkedin.com/in/{person}"], [HTML], ["=1+1"], ["'; DROP TABLE leads; --"]],
        title=HTML,
        sheet=HTML,
        owner="you@example.com",
    )
    headers = running.key() | {"Idempotency-Key": uuid4().hex}
    body: Json = {"spreadsheet_id": spreadsheet, "range": f"'{HTML}'!A2:A", "fields": ["email"]}
    plan = running.ask("POST", "/v1/plan", headers=headers, json=body)
    assert plan.status_code == 200, plan.text
    answers = [plan, running.ask("POST", "/v1/jobs", headers=headers, json=body | {"max_credits": confirmed(1)})]
    job = running.finish(answers[1].json())
    assert job["counts"] == {"enriched": 1, "unusable": 3}
    answers += [running.ask("GET", f"/v1/jobs/{job['id']}/rows"), running.ask("GET", f"/v1/jobs/{job['id']}")]
    answers.append(running.ask("POST", "/v1/plan", headers=headers, json=body | {"fields": [HTML]}))
    answers.append(running.ask("POST", "/v1/plan", headers=headers, json=body | {"fields": ["<b>x</b>=company"]}))
    assert [answer.status_code for answer in answers] == [200, 202, 200, 200, 400, 400]
    for answer in answers:
        assert answer.headers["Content-Type"] in {"application/json", "application/problem+json"}
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    values = running.emulator.values(spreadsheet, f"'{HTML}'!A1:D5", render="FORMULA")
    assert values[0][0] == HTML
    assert values[2][0] == HTML


def test_no_url_in_a_cell_makes_the_backend_call_anybody_but_slintel(running: Running) -> None:
    caught: list[str] = []
    with listening(lambda handler: caught.append(handler.path)) as url:
        host = url.removeprefix("http://")
        cells = [
            url,
            f"{url}/in/someone",
            f"http://{host}@www.linkedin.com/in/{slugs(1)[0]}",
            f"https://www.linkedin.com@{host}/in/someone",
            f"https://linkedin.com.{host}/in/someone",
            f"https://www.linkedin.com\\@{host}/in/someone",
            f"https://www.linkedin.com/in/..%2f..%2f{host}",
            f"https://www.linkedin.com/redir?url={url}",
            "http://169.254.169.254/computeMetadata/v1/in/token",
            "file:///etc/passwd",
            f"gopher://{host}/in/x",
        ]
        job = running.run(running.sheet(cells))
        token = {"Authorization": f"Bearer {running.formula_token(running.sheet(['x']))['token']}"}
        body = {"urls": [[cell] for cell in cells], "fields": ["email"]}
        answer = running.ask("POST", "/v1/formula", at="formula", by="", headers=token, json=body)
        assert answer.status_code == 200
    assert job["state"] == "done"
    assert job["counts"].get("unusable", 0) >= 8
    assert caught == []


@contextmanager
def listening(act: Callable[[BaseHTTPRequestHandler], Any]) -> Iterator[str]:
    """A server of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            act(self)

        do_POST = do_GET  # noqa: N815 - named by http.server

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=[0.02])
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_by_the_provider_is_not_followed_so_the_key_goes_nowhere_else(status: int) -> None:
    caught: list[str] = []

    def redirect(handler: BaseHTTPRequestHandler) -> None:
        handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        handler.send_response(status)
        handler.send_header("Location", f"{elsewhere}/latest/meta-data")
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        asked.append(handler.path)

    asked: list[str] = []
    with listening(lambda handler: caught.append(str(handler.headers))) as elsewhere, listening(redirect) as url:
        slintel = Slintel(url, "secret-key", concurrency=1, timeout_s=5)
        try:
            slintel.look_up(people(1)[0])
        finally:
            slintel.close()
    assert asked
    assert caught == []


def test_the_job_id_cannot_be_guessed(running: Running) -> None:
    ids = [running.run(running.sheet(["x"]))["id"] for _ in range(3)]
    assert len({*ids}) == 3
    assert all(len(id_) == 32 and len(set(id_)) > 6 for id_ in ids)
    assert time.strftime("%Y") not in {id_[:4] for id_ in ids}
