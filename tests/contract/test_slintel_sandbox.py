"""The sandbox answers as the Slintel documentation says, oddities included, and counts every charge exactly (P2)."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from local.child import ROOT
from local.providers.client import Sandbox
from local.providers.people import FORMULA_LIKE, lead, person
from local.providers.switches import SLUGS, Switches, fate

DOCUMENTATION = ROOT.parent / "shared" / "seed" / "lead_enrich_on_linkedin_url.md"
PEOPLE = [lead(f"person-{n}") for n in range(3_000)]


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.reset()
    return running


def ask(sandbox: Sandbox, slug: str, key: str = "team-key") -> requests.Response:
    return requests.get(
        f"{sandbox.url}/lead/enrich",
        params={"linkedin_url": f"http://www.linkedin.com/in/{slug}"},
        headers={"x-api-key": key},
        timeout=30,
    )


def shapes(value: Any, path: str = "") -> set[tuple[str, str]]:  # noqa: ANN401 - JSON
    """Every path in a JSON value with the type of what is there; list items share a path."""
    found = {(path, type(value).__name__)} if path else set()
    if isinstance(value, dict):
        for key, item in value.items():
            found |= shapes(item, f"{path}.{key}")
    if isinstance(value, list):
        for item in value:
            found |= shapes(item, f"{path}[]")
    return found


@pytest.fixture(scope="module")
def documented() -> set[tuple[str, str]]:
    if not DOCUMENTATION.exists():
        pytest.skip(f"the API's documentation is not at {DOCUMENTATION.name} beside the project")
    text = DOCUMENTATION.read_text(encoding="utf-8")
    example = (
        text[text.index("right_code_blocks") :].split("code_block: |2-\n", 1)[1].split("    title: Response", 1)[0]
    )
    return shapes(json.loads(example)["data"])


def test_its_people_have_every_documented_shape(documented: set[tuple[str, str]]) -> None:
    assert documented <= set().union(*(shapes(person) for person in PEOPLE))


def test_its_people_have_no_key_that_is_not_documented(documented: set[tuple[str, str]]) -> None:
    keys = {path for person in PEOPLE for path, _ in shapes(person)}
    assert keys - {path for path, _ in documented} <= {".experience[].end_date[]", ".education[].end_date[]"}


@pytest.mark.parametrize("key", ["email", "name", "technologies", "last_funded_on", "company_size"])
def test_a_key_may_be_missing_null_or_empty(key: str) -> None:
    values = [person.get(key, "missing") for person in PEOPLE]
    assert "missing" in values
    assert None in values
    assert "" in values or [] in values
    assert sum(value in ("missing", None, "", []) for value in values) < len(values) / 3


def test_its_oddities_are_those_of_the_real_one() -> None:
    jobs = [job for person in PEOPLE for job in person.get("experience") or []]
    assert {job["is_primary"] for job in jobs} == {"true", "false"}
    assert any(job.get("end_date") == [] for job in jobs)
    assert any("end_date" not in job for job in jobs)
    assert any(job.get("company_profile") == {} for job in jobs)
    assert any("location" not in job for job in jobs)
    assert any(len(person.get("technologies") or []) >= 200 for person in PEOPLE)
    assert {"1-10", "11-50"} <= {person.get("company_size") for person in PEOPLE}
    assert any(not (person.get("name") or "a").isascii() for person in PEOPLE)
    assert {value[0] for person in PEOPLE for value in person.values() if isinstance(value, str) and value} >= set(
        "=+-@"
    )
    assert len("; ".join(lead("huge-lead-1")["skills"])) > 50_000
    assert lead("odd-lead-1").items() >= FORMULA_LIKE.items()


def test_a_slug_is_always_the_same_person_with_its_own_name(sandbox: Sandbox) -> None:
    first, again = ask(sandbox, "grace-hopper-8a1"), ask(sandbox, "grace-hopper-8a1")
    assert first.content == again.content
    person = first.json()["data"]
    assert person["linkedin_url"] == "http://www.linkedin.com/in/grace-hopper-8a1"
    assert person.get("name") in ("Grace Hopper", None, "")
    assert ask(sandbox, "grace-hopper-8a2").json()["data"]["id"] != person["id"]
    assert sandbox.charges()["total"] == 3


def test_names_of_every_alphabet_have_an_address() -> None:
    addresses = [person(f"zoe-{number}")["email"] for number in range(300)]
    assert all(re.fullmatch(r"[a-z0-9]+(\.[a-z0-9]+)?@[a-z0-9]+\.example", address) for address in addresses)
    assert any(address.startswith("francoise.") for address in addresses)


def test_slugs_of_every_alphabet(sandbox: Sandbox) -> None:
    answer = ask(sandbox, "jos%C3%A9-%E7%BE%8E%E5%92%B2")
    assert answer.json()["data"]["linkedin_url"] == "http://www.linkedin.com/in/jos%C3%A9-%E7%BE%8E%E5%92%B2"
    assert sandbox.charges(by="slug") == {"josé-美咲": 1}


@pytest.mark.parametrize(
    ("slug", "status", "body", "charged"),
    [
        ("jane-not-found", 404, {"message": "Not Found"}, 0),
        ("jane-empty-lead", 200, {"data": {}}, 1),
        ("jane-null-lead", 200, {"data": None}, 1),
        ("jane-list-lead", 200, {"data": []}, 1),
        ("jane-refused", 400, {"message": "Bad Request"}, 0),
        ("jane-throttled", 429, {"message": "Too Many Requests"}, 0),
        ("jane-server-error", 500, {"message": "Internal server error"}, 0),
        ("jane-unavailable", 503, {"message": "Service Unavailable"}, 0),
        ("jane-gateway-timeout", 504, {"message": "Endpoint request timed out"}, 0),
        ("jane-charged-timeout", 504, {"message": "Endpoint request timed out"}, 1),
    ],
)
def test_a_slug_can_ask_for_its_answer(sandbox: Sandbox, slug: str, status: int, body: object, charged: int) -> None:
    answer = ask(sandbox, slug)
    assert (answer.status_code, answer.json()) == (status, body)
    assert answer.headers["Content-Type"].startswith("application/json")
    assert sandbox.charges()["total"] == charged


@pytest.mark.parametrize(("slug", "charged"), [("a-hang-up-before", 0), ("a-hang-up-after", 1), ("a-cut-lead", 1)])
def test_a_slug_can_ask_for_the_end_of_its_connection(sandbox: Sandbox, slug: str, charged: int) -> None:
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        ask(sandbox, slug)
    assert sandbox.charges()["total"] == charged


def test_broken_json_and_a_lead_without_id(sandbox: Sandbox) -> None:
    with pytest.raises(requests.exceptions.JSONDecodeError):
        ask(sandbox, "a-broken-lead").json()
    assert "id" not in ask(sandbox, "a-without-id").json()["data"]
    assert sandbox.charges()["total"] == 2


@pytest.mark.parametrize("key", ["", "bad-key"])
def test_a_wrong_key_is_forbidden(sandbox: Sandbox, key: str) -> None:
    answer = ask(sandbox, "jane", key)
    assert (answer.status_code, answer.json()) == (403, {"message": "Forbidden"})
    assert sandbox.charges()["total"] == 0


@pytest.mark.parametrize(
    "url",
    [
        "",
        "jane-doe",
        "https://www.linkedin.com/in/jane-doe",
        "http://linkedin.com/in/jane-doe",
        "http://www.linkedin.com/in/jane-doe/",
        "http://www.linkedin.com/company/acme",
    ],
)
def test_only_the_documented_form_of_a_url_is_taken(sandbox: Sandbox, url: str) -> None:
    answer = requests.get(
        f"{sandbox.url}/lead/enrich", params={"linkedin_url": url}, headers={"x-api-key": "k"}, timeout=30
    )
    assert answer.status_code == 400
    assert sandbox.charges()["total"] == 0


def test_an_unknown_path_gets_the_gateways_word(sandbox: Sandbox) -> None:
    answer = requests.get(f"{sandbox.url}/leads", headers={"x-api-key": "k"}, timeout=30)
    assert (answer.status_code, answer.json()) == (403, {"message": "Missing Authentication Token"})


def test_the_quota_is_exact_under_concurrency_and_each_key_has_its_own(sandbox: Sandbox) -> None:
    sandbox.switch(quota=20, latency_s=0.01)
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda n: ask(sandbox, f"person-{n}"), range(50)))
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) == 30
    assert refused[0].json() == {"message": "Limit Exceeded"}
    assert ask(sandbox, "person-1", "other-key").ok
    charges = sandbox.charges()
    assert (charges["team-key"], charges["other-key"], charges["total"], charges["requests"]) == (20, 1, 21, 51)
    assert 1 < charges["in_flight_max"] <= 16
    assert charges["in_flight"] == 0


def test_the_burst_limit(sandbox: Sandbox) -> None:
    sandbox.switch(burst_per_s=2, retry_after_s=3)
    answers = [ask(sandbox, f"person-{n}") for n in range(8)]
    throttled = [answer for answer in answers if answer.status_code == 429]
    assert answers[0].ok
    assert throttled
    assert throttled[0].json() == {"message": "Too Many Requests"}
    assert throttled[0].headers["Retry-After"] == "3"
    assert sandbox.charges()["total"] == len(answers) - len(throttled)


def test_faults_are_drawn_from_the_seed_and_charged_as_said(sandbox: Sandbox) -> None:
    switches = {"error_rate": 0.3, "statuses": (500, 504), "charge_on_504_rate": 0.5, "not_found_rate": 0.2, "seed": 7}
    sandbox.switch(**switches)
    expected = [fate(f"person-{n}", 1, Switches(**switches)) for n in range(200)]  # type: ignore[arg-type] # mixed values
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda n: ask(sandbox, f"person-{n}"), range(200)))
    assert [answer.status_code for answer in answers] == [fated.status for fated in expected]
    assert {fated.status for fated in expected} == {200, 404, 500, 504}
    assert {fated.charged for fated in expected if fated.status == 504} == {True, False}
    assert sandbox.charges()["total"] == sum(fated.charged for fated in expected)


@pytest.mark.parametrize(
    ("switch", "always"),
    [
        ("hang_up_before_rate", {SLUGS["hang-up-before"]}),
        ("hang_up_after_rate", {SLUGS["hang-up-after"]}),
        ("broken_json_rate", {SLUGS["broken-lead"], SLUGS["cut-lead"]}),
        ("empty_data_rate", {SLUGS["empty-lead"]}),
        ("not_found_rate", {SLUGS["not-found"]}),
    ],
)
def test_a_rate_of_one_is_always(switch: str, always: set[object]) -> None:
    assert {fate(f"person-{n}", 1, Switches(**{switch: 1.0})) for n in range(50)} == always  # type: ignore[arg-type] # by name


def test_latency_is_a_lower_bound_and_a_charge_is_counted_before_it(sandbox: Sandbox) -> None:
    sandbox.switch(latency_s=0.2)
    with ThreadPoolExecutor(1) as threads:
        started = time.monotonic()
        answer = threads.submit(ask, sandbox, "jane")
        while not sandbox.charges()["total"]:
            assert not answer.done()
        assert answer.result().ok
        assert time.monotonic() - started >= 0.2


def test_a_wrong_switch_is_named(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="error_rate"):
        sandbox.switch(error_rate=2)
    with pytest.raises(ValueError, match="latency_ms"):
        sandbox.switch(latency_ms=2)
    assert sandbox.switch(latency_s=0.5)["error_rate"] == 0
    assert sandbox.switch(quota=3)["latency_s"] == 0.5


def test_it_ends_with_the_process_that_started_it() -> None:
    starter = (
        "import os, sys; from local.providers.client import Sandbox; s = Sandbox().__enter__();"
        "print(s.port, flush=True); sys.stdin.read(); os._exit(9)"
    )
    parent = subprocess.Popen([sys.executable, "-c", starter], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert parent.stdout is not None
        url = f"http://127.0.0.1:{int(parent.stdout.readline())}/_sandbox/charges"
        assert requests.get(url, timeout=30).status_code == 403  # it answers, though nobody but its starter
        parent.kill()
        parent.wait()
        for _ in range(300):
            try:
                requests.get(url, timeout=30)
            except requests.ConnectionError:
                return
            time.sleep(0.1)
        pytest.fail("the sandbox lives on")
    finally:
        parent.kill()
        parent.communicate()


def test_every_switch_is_said_in_words() -> None:
    text = (Path(ROOT) / "local/providers/switches.py").read_text(encoding="utf-8")
    assert set(re.findall(r"^    (\w+): ", text, re.MULTILINE)) >= set(Switches.__struct_fields__)
