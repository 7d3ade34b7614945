"""`POST /v1/formula` on the running processes: P1, P3, P10; recalculation never costs a credit."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from functions import formula
from functions.fields.catalogue import CATALOGUE
from tests.support.running import Json, Running, slugs
from tests.support.waiting import wait_until


class Formula:
    """What the custom function of one spreadsheet does."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.spreadsheet = running.sheet(["x"])
        self.token: Json = running.formula_token(self.spreadsheet)

    def ask(self, urls: Any, fields: Any = ("email",), **more: Any) -> requests.Response:  # noqa: ANN401 - of the body
        body = {"urls": urls, "fields": list(fields), **more}
        headers = {"Authorization": f"Bearer {self.token['token']}"}
        return self.running.ask("POST", "/v1/formula", at="formula", by="", headers=headers, json=body)

    def values(self, people: list[str], *fields: str, **more: Any) -> list[list[Any]]:  # noqa: ANN401 - of the body
        answer = self.ask([[f"linkedin.com/in/{slug}"] for slug in people], fields or ("email",), **more)
        assert answer.status_code == 200, answer.text
        assert answer.json()["pending"] == 0
        values: list[list[Any]] = answer.json()["values"]
        return values


@pytest.fixture
def sheet(running: Running) -> Formula:
    return Formula(running)


@pytest.fixture
def slow(running: Running) -> Iterator[Running]:
    """A Slintel that takes its time; quick again afterwards."""
    try:
        yield running
    finally:
        running.sandbox.switch(latency_s=0)
        wait_until(lambda: running.sandbox.charges()["in_flight"] == 0)


def test_a_range_in_is_a_block_out_in_the_same_order(running: Running, sheet: Formula) -> None:
    people = slugs(3)
    values = sheet.values(people, "email", "title", "company")
    assert [len(row) for row in values] == [3, 3, 3]
    assert values == [sheet.values([slug], "email", "title", "company")[0] for slug in people]
    assert values[0] != values[1]
    assert running.charged(*people) == 3


def test_fields_may_be_names_headers_or_comma_lists(sheet: Formula) -> None:
    person = slugs(1)
    by_name = sheet.values(person, "email", "company_size")
    headers = [field.header for field in CATALOGUE if field.name in {"email", "size"}]
    assert len(headers) == 2
    assert sheet.values(person, "email,company size") == by_name == sheet.values(person, *headers)


def test_a_cell_that_holds_nobody_says_so_in_its_own_row_only(running: Running, sheet: Formula) -> None:
    person = slugs(1)[0]
    cells = [
        f"linkedin.com/in/{person}",
        "",
        "not a url",
        "https://www.linkedin.com/company/x",
        f"linkedin.com/in/{person}",
    ]
    answer = sheet.ask([[cell] for cell in cells], ("status", "title")).json()
    good, empty, *bad, again = answer["values"]
    assert good == again
    assert good[0] == "known"
    assert empty == ["", ""]
    for row in bad:
        assert row[0].startswith(formula.TROUBLE)
        assert row[1] == ""
    assert answer["pending"] == 0
    assert running.charged(person) == 1


def test_what_is_missing_is_what_the_formula_asked_for(running: Running, sheet: Formula) -> None:
    nobody = f"{slugs(1)[0]}-not-found"
    assert sheet.values([nobody], "email", "status", if_missing="none") == [["none", "not found"]]
    assert sheet.values([nobody], "email") == [[""]]
    assert running.charged(nobody) == 0


def test_a_row_of_cells_and_a_block_are_read_row_by_row(sheet: Formula) -> None:
    one, two = slugs(2)
    across = sheet.ask([[f"linkedin.com/in/{one}", f"linkedin.com/in/{two}"]]).json()["values"]
    assert across == sheet.values([one, two])
    assert sheet.ask([]).json() == {"values": [], "pending": 0}
    assert sheet.ask([[]]).json() == {"values": [], "pending": 0}


def test_recalculating_ten_times_with_other_fields_and_spellings_costs_nothing(
    running: Running, sheet: Formula
) -> None:
    people = slugs(5)
    first = sheet.values(people, "email", "title")
    charges, asked = running.charged(*people), running.sandbox.charges()["requests"]
    for _ in range(10):
        assert sheet.values(people, "email", "title") == first
    spelled = [[f"HTTPS://www.LinkedIn.com/in/{slug.upper()}/?utm=x"] for slug in people]
    assert sheet.ask(spelled, ("company",)).status_code == 200
    assert Formula(running).values(people, "email", "title") == first  # another spreadsheet
    assert charges == running.charged(*people) == 5
    assert running.sandbox.charges()["requests"] == asked


def test_500_formulas_at_once_over_known_people_cost_nothing(running: Running, sheet: Formula) -> None:
    people = slugs(50)
    known = dict(zip(people, sheet.values(people), strict=True))
    asked = running.sandbox.charges()["requests"]
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda number: sheet.values([people[number % 50]]), range(500)))
    assert answers == [[known[people[number % 50]]] for number in range(500)]
    assert running.charged(*people) == 50
    assert running.sandbox.charges()["requests"] == asked


def test_formulas_that_ask_for_the_same_people_at_once_pay_once(running: Running, sheet: Formula) -> None:
    people = slugs(8)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: sheet.values(people), range(6)))
    assert all(answer == answers[0] for answer in answers)
    assert running.charged(*people) == 8


def test_a_formula_knows_what_a_run_has_paid_for(running: Running, sheet: Formula) -> None:
    people = slugs(3)
    running.run(running.sheet([f"linkedin.com/in/{slug}" for slug in people]))
    assert sheet.values(people, "status") == [["known"]] * 3
    assert running.charged(*people) == 3


def test_the_cap_of_a_spreadsheets_day_is_not_passed_and_says_so(running: Running, sheet: Formula) -> None:
    people = slugs(205)
    answer = sheet.ask([[f"linkedin.com/in/{slug}"] for slug in people]).json()
    assert running.charged(*people) == 200
    refused = [row[0] for row in answer["values"] if str(row[0]).startswith(formula.TROUBLE)]
    assert len(refused) == 5
    assert all("200" in text for text in refused)
    more = slugs(1)
    assert sheet.ask([[f"linkedin.com/in/{more[0]}"]]).json()["values"][0][0].startswith(formula.TROUBLE)
    assert running.charged(*more) == 0
    assert len(sheet.values([slug for slug in people if running.charged(slug)])) == 200  # what is known goes on
    assert not Formula(running).values(more)[0][0].startswith(formula.TROUBLE)  # another spreadsheet has its own


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"fields": ["nonsense"]}, ["nonsense"]),
        ({"fields": []}, ["fields"]),
        ({"urls": "linkedin.com/in/x-y"}, ["urls"]),
        ({"urls": [[7]]}, ["urls"]),
        ({"urls": [["linkedin.com/in/x-y"]] * 10_001}, ["10000"]),
        ({"urls": [["x"] * 10_001]}, ["10,000"]),
        ({"if_missing": "x" * 2000}, ["if_missing"]),
        ({"refresh": True}, ["refresh"]),
    ],
)
def test_what_a_formula_cannot_ask_is_a_clear_400(sheet: Formula, changes: Json, words: list[str]) -> None:
    body: Json = {"urls": [["x"]], "fields": ["email"]} | changes
    answer = sheet.ask(**body)
    assert answer.status_code == 400
    assert all(word in answer.json()["detail"] for word in words), answer.json()["detail"]


def test_a_revoked_token_asks_no_more_and_costs_nothing(running: Running, sheet: Formula) -> None:
    person = slugs(1)
    assert running.ask("DELETE", f"/v1/formula-tokens/{sheet.token['token_id']}", by="").status_code == 401
    assert sheet.ask([["x"]]).status_code == 200
    assert running.ask("DELETE", f"/v1/formula-tokens/{sheet.token['token_id']}").status_code == 204
    answer = sheet.ask([[f"linkedin.com/in/{person[0]}"]])
    assert answer.status_code == 401
    assert "Connect again" in answer.json()["detail"]
    assert running.charged(*person) == 0
    sheet.token = running.formula_token(sheet.spreadsheet)
    assert sheet.values(person, "status") == [["known"]]


def test_an_answer_comes_before_slintel_is_done_and_the_next_one_has_it_without_paying_again(
    slow: Running, sheet: Formula
) -> None:
    people = slugs(20)  # more than are looked up at once, each slower than a formula may wait
    slow.sandbox.switch(latency_s=formula.ANSWER_WITHIN_S + 4)
    known = slugs(1)
    answer = sheet.ask([[f"linkedin.com/in/{slug}"] for slug in people])
    assert slow.sandbox.charges()["in_flight"] > 0, "the answer waited for Slintel"
    told = answer.json()
    assert answer.status_code == 200
    assert told["pending"] == 20
    assert told["values"] == [[None]] * 20

    slow.sandbox.switch(latency_s=0)
    wait_until(lambda: slow.sandbox.charges()["in_flight"] == 0)
    values = sheet.values([*people, *known], "status")
    assert values == [["known"]] * 21
    assert slow.charged(*people) == 20
