"""Proves P11 for formula tokens, on running processes: who can list and end them, and what one can read for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import requests

from functions import formula
from local.stack import PERSON, stack
from tests.support.running import Json, Running, attach, slugs
from tests.support.traces import traces

COLLEAGUE, GUEST = "colleague@example.com", "guest@partner.example"
LIMIT = 3


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A deployment of this file alone: it has a small limit, and its settings change."""
    with ExitStack() as closing:
        home = tmp_path_factory.mktemp("leadfill")
        started = closing.enter_context(stack(home, FORMULA_NEW_PEOPLE_PER_DAY=str(LIMIT), ALLOWED_EMAILS=GUEST))
        yield attach(started, closing)


def ask(running: Running, token: Json, people: list[str], *fields: str) -> requests.Response:
    """A formula over these people."""
    body = {"urls": [[f"linkedin.com/in/{slug}"] for slug in people], "fields": fields or ("email",)}
    headers = {"Authorization": f"Bearer {token['token']}"}
    return running.ask("POST", "/v1/formula", at="formula", by="", headers=headers, json=body)


def shown(running: Running, token: Json, people: list[str]) -> list[Any]:
    """What a formula shows of each."""
    answer = ask(running, token, people)
    assert answer.status_code == 200, answer.text
    return [row[0] for row in answer.json()["values"]]


def listed(running: Running, spreadsheet: str, by: str = PERSON) -> list[Json]:
    """The tokens of a spreadsheet, as one of its editors sees them."""
    answer = running.ask(
        "GET", "/v1/formula-tokens", by=by, headers=running.key(by), params={"spreadsheet_id": spreadsheet}
    )
    assert answer.status_code == 200, answer.text
    tokens: list[Json] = answer.json()["tokens"]
    return tokens


def test_editors_see_whose_tokens_their_spreadsheet_has_and_never_their_texts(running: Running) -> None:
    spreadsheet = running.sheet(["x"])
    mine, theirs = running.formula_token(spreadsheet), running.formula_token(spreadsheet, COLLEAGUE)
    running.formula_token(running.sheet(["x"]))  # another spreadsheet's
    found = {token["token_id"]: token for token in listed(running, spreadsheet)}
    assert set(found) == {mine["token_id"], theirs["token_id"]}
    assert (found[mine["token_id"]]["maker"], found[mine["token_id"]]["yours"]) == (PERSON, True)
    assert (found[theirs["token_id"]]["maker"], found[theirs["token_id"]]["yours"]) == (COLLEAGUE, False)
    assert all("token" not in token for token in found.values())
    assert traces(running.store, mine["token"]) == []
    for by, headers, status in (
        (COLLEAGUE, running.key(COLLEAGUE, []), 403),
        (COLLEAGUE, running.key(COLLEAGUE, role="reader"), 403),
        (COLLEAGUE, running.key(PERSON), 403),  # somebody else's access
        (COLLEAGUE, {"X-Sheets-Access-Token": "ya29.guessed"}, 403),
        (COLLEAGUE, {}, 401),
        ("stranger@evil.example", running.key("stranger@evil.example"), 403),
    ):
        answer = running.ask(
            "GET", "/v1/formula-tokens", by=by, headers=headers, params={"spreadsheet_id": spreadsheet}
        )
        assert answer.status_code == status
        assert mine["token_id"] not in answer.text


def test_who_may_only_read_a_spreadsheet_connects_no_formulas_of_it(running: Running) -> None:
    body = {"spreadsheet_id": running.sheet(["x"])}
    headers = running.key(COLLEAGUE, role="reader")
    assert running.ask("POST", "/v1/formula-tokens", by=COLLEAGUE, headers=headers, json=body).status_code == 403
    assert listed(running, body["spreadsheet_id"]) == []


def test_to_connect_again_ends_ones_own_earlier_token_and_nobody_elses(running: Running) -> None:
    spreadsheet = running.sheet(["x"])
    first, theirs = running.formula_token(spreadsheet), running.formula_token(spreadsheet, COLLEAGUE)
    assert ask(running, first, []).status_code == 200
    second = running.formula_token(spreadsheet)
    assert [ask(running, token, []).status_code for token in (first, second, theirs)] == [401, 200, 200]
    assert {token["token_id"] for token in listed(running, spreadsheet)} == {second["token_id"], theirs["token_id"]}


def test_a_token_is_ended_by_its_maker_and_by_editors_and_by_nobody_else_who_knows_its_id(running: Running) -> None:
    spreadsheet = running.sheet(["x"])
    token = running.formula_token(spreadsheet)
    path = f"/v1/formula-tokens/{token['token_id']}"
    closed = running.key(COLLEAGUE, []), running.key(COLLEAGUE, role="reader"), running.key(PERSON)
    for headers in ({}, *closed, {"X-Sheets-Access-Token": "ya29.guessed"}):
        refused = running.ask("DELETE", path, by=COLLEAGUE, headers=headers)
        unknown = running.ask("DELETE", "/v1/formula-tokens/nobodys", by=COLLEAGUE, headers=headers)
        assert (refused.status_code, refused.json()) == (404, unknown.json())  # as if there were none
    assert running.ask("DELETE", path, by="").status_code == 401
    assert ask(running, token, []).status_code == 200

    assert running.ask("DELETE", path, by=COLLEAGUE, headers=running.key(COLLEAGUE, [spreadsheet])).status_code == 204
    assert ask(running, token, []).status_code == 401
    own = running.formula_token(spreadsheet)
    assert running.ask("DELETE", f"/v1/formula-tokens/{own['token_id']}").status_code == 204  # without a sheet's token
    assert ask(running, own, []).status_code == 401
    assert listed(running, spreadsheet) == []


def test_a_token_reads_no_more_people_a_day_who_are_new_to_its_spreadsheet_than_the_limit(running: Running) -> None:
    """One call with a token of an unrelated spreadsheet used to read every lead that the team had paid for."""
    people = slugs(LIMIT + 3)
    running.run(running.sheet([f"linkedin.com/in/{slug}" for slug in people]))
    assert running.charged(*people) == len(people)
    spreadsheet = running.sheet(["x"])
    token = running.formula_token(spreadsheet)
    first = shown(running, token, people)
    assert all("@" in value for value in first[:LIMIT])
    for sentence in first[LIMIT:]:
        assert sentence.startswith(formula.TROUBLE)
        for part in (f"{LIMIT} people", "FORMULA_NEW_PEOPLE_PER_DAY", "00:00 UTC", "whoever runs Leadfill"):
            assert part in sentence
    assert ask(running, token, people).json()["pending"] == 3  # so that no cache keeps the refusal
    again = running.formula_token(spreadsheet)  # a new token opens nothing more
    assert shown(running, again, people[::-1]) == first[::-1]
    assert all("@" in value for value in shown(running, running.formula_token(running.sheet(["x"])), people[:LIMIT]))
    assert running.charged(*people) == len(people)


def test_people_whom_the_spreadsheet_has_asked_for_are_free_without_limit(running: Running) -> None:
    people = slugs(LIMIT + 2)
    cells = [f"linkedin.com/in/{slug}" for slug in people]
    spreadsheet = running.sheet(cells)
    running.run(spreadsheet)
    token = running.formula_token(spreadsheet)
    assert all("@" in value for value in shown(running, token, people))
    own = slugs(LIMIT + 2)
    assert all("@" in value for value in shown(running, token, own))  # paid for by the formulas themselves
    assert all("@" in value for value in shown(running, token, own))  # and so known to them
    new = slugs(LIMIT)
    running.run(running.sheet([f"linkedin.com/in/{slug}" for slug in new]))
    assert all("@" in value for value in shown(running, token, new)), "the others have used up nothing"


def test_a_token_counts_only_while_its_maker_is_admitted_by_the_present_settings(running: Running) -> None:
    spreadsheet = running.sheet(["x"])
    guests, mine = running.formula_token(spreadsheet, GUEST), running.formula_token(spreadsheet)
    person = slugs(1)
    assert shown(running, guests, person) != [""]

    def restart(allowed: str) -> None:
        running.stack.environ["ALLOWED_EMAILS"] = allowed
        for name in ("api", "formula"):
            running.stack.parts[name].stop()
            running.stack.restart(name)

    restart("")
    refused = ask(running, guests, person)
    assert refused.status_code == 403
    assert "Connect again" in refused.json()["detail"]
    assert ask(running, mine, person).status_code == 200
    assert [token["maker"] for token in listed(running, spreadsheet)] == [PERSON]
    restart(GUEST)
    assert ask(running, guests, person).status_code == 200
