"""Every row of each provider's answers table has its conclusion, its cost and its request (P2)."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import formatdate
from typing import Any

import pytest
from urllib3.connection import HTTPConnection

from functions.credits.lookup_result import (
    Found,
    LookupResult,
    Missing,
    NoAnswer,
    OptedOut,
    Refused,
    Throttled,
    Unavailable,
    Unreadable,
)
from functions.credits.pricing import NOTHING, Charge, EntryKind, charge
from functions.credits.terms import EVERY_NEED, NO_NEEDS, ONLY_EMAIL, Needs
from functions.errors import KeyRejected, LeadfillError, QuotaExhausted, SettingsError
from functions.profiles import parse
from functions.providers.contract import Answer, Balance, Provider
from functions.providers.registry import REGISTRY
from tests.support.wire import Serve, answer, says, wire

PDL, PROSPEO, APOLLO = "people_data_labs", "prospeo", "apollo"
NEW = (PDL, PROSPEO, APOLLO)
KEY = "not-a-real-key"
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
DATE = formatdate(NOON.timestamp(), usegmt=True)
ADA = parse("linkedin.com/in/ada-example")
PERSON = {
    PDL: {"status": 200, "likelihood": 9, "data": {"id": "p1", "full_name": "Ada Example"}},
    PROSPEO: {"error": False, "free_enrichment": False, "person": {"person_id": "p1"}, "company": None},
    APOLLO: {"status": "success", "credits_consumed": 1, "matches": [{"id": "p1", "name": "Ada Example"}]},
}
OTHER_ERRORS: list[tuple[int, LookupResult | type[LeadfillError]]] = [
    (400, Refused(400)),
    (401, KeyRejected),
    (402, QuotaExhausted),
    (403, KeyRejected),
    (405, Refused(405)),
    (408, Unavailable(408)),
    (410, Refused(410)),
    (429, Throttled()),
    (451, OptedOut()),
    (301, Unavailable(301)),
    (500, Unavailable(500)),
    (502, Unavailable(502)),
    (503, Unavailable(503)),
    (504, NoAnswer(sent=True)),
    (524, NoAnswer(sent=True)),
]


@contextmanager
def provider(name: str, url: str, timeout_s: float = 30) -> Iterator[Provider]:
    made = REGISTRY[name].make(url, KEY, concurrency=2, timeout_s=timeout_s)
    try:
        yield made
    finally:
        made.close()


def look_up(name: str, serve: Serve, needs: Needs = EVERY_NEED, timeout_s: float = 30) -> Answer:
    with wire(serve) as (url, _), provider(name, url, timeout_s) as made:
        return made.look_up(ADA, needs)


def ok(body: object, **headers: str) -> Serve:
    return says(answer(200, json.dumps(body).encode(), **headers))


def failed(status: int, body: object, **headers: str) -> Serve:
    return says(answer(status, json.dumps(body).encode(), Date=DATE, **headers))


def requested(name: str, needs: Needs) -> tuple[bytes, Any]:
    with wire(says(answer(500))) as (url, received), provider(name, url) as made:
        made.look_up(parse("linkedin.com/in/josé-example"), needs)
    head, _, body = received[0].partition(b"\r\n\r\n")
    return head, json.loads(body) if body else None


# What all have in common.


@pytest.mark.parametrize("name", NEW)
def test_a_lead_is_found_and_its_raw_answer_is_kept(name: str) -> None:
    result = look_up(name, ok(PERSON[name])).result
    assert isinstance(result, Found)
    assert result.lead["id"] == "p1"
    assert not result.is_other_person
    assert b'"p1"' in result.raw


@pytest.mark.parametrize("name", NEW)
@pytest.mark.parametrize(("status", "expected"), OTHER_ERRORS)
def test_a_status_without_a_word_of_the_provider_means_what_http_says(
    name: str, status: int, expected: LookupResult | type[LeadfillError]
) -> None:
    if isinstance(expected, type):
        with pytest.raises(expected, match=REGISTRY[name].label):
            look_up(name, says(answer(status)))
    else:
        assert look_up(name, says(answer(status))) == Answer(expected)


@pytest.mark.parametrize("name", NEW)
@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 20"])
def test_no_answer_after_sending_is_in_doubt(name: str, sent: bytes) -> None:
    assert look_up(name, says(sent)) == Answer(NoAnswer(sent=True))


@pytest.mark.parametrize("name", NEW)
def test_silence_is_in_doubt_and_no_server_is_free(name: str) -> None:
    assert look_up(name, lambda connection: connection.recv(1), timeout_s=0.2) == Answer(NoAnswer(sent=True))
    with wire() as (url, _):
        pass
    with provider(name, url) as made:
        assert made.look_up(ADA, EVERY_NEED) == Answer(NoAnswer(sent=False))


@pytest.mark.parametrize("name", NEW)
@pytest.mark.parametrize("body", [b"", b"<html>", b'{"matches": 3, "person": 3, "data": 3', b"[]", b"null", b'{"data"'])
def test_a_success_that_cannot_be_read(name: str, body: bytes) -> None:
    """Charged at People Data Labs; in doubt where a repeat may be free, or where it may have cost a fraction."""
    expected = Unreadable() if name == PDL else NoAnswer(sent=True)
    assert look_up(name, says(answer(200, body))) == Answer(expected)
    assert look_up(name, says(answer(200, b'{"error": false}' * 9)[:-5])).result == expected


@pytest.mark.parametrize("name", NEW)
def test_no_key_or_person_in_errors_or_repr(name: str) -> None:
    with wire(says(answer(401))) as (url, _), provider(name, url) as made, pytest.raises(KeyRejected) as caught:
        made.look_up(ADA, EVERY_NEED)
    for text in (repr(made), str(caught.value), repr(caught.value)):
        assert KEY not in text
        assert "ada-example" not in text
    assert f"{REGISTRY[name].variables}_API_KEY" in str(caught.value)
    with pytest.raises(SettingsError, match=f"{REGISTRY[name].variables}_API_KEY"):
        REGISTRY[name].make("https://provider.example", "two words", concurrency=1, timeout_s=30)
    with pytest.raises(SettingsError, match=f"{REGISTRY[name].variables}_BASE_URL"):
        REGISTRY[name].make("provider.example", KEY, concurrency=1, timeout_s=30)


@pytest.mark.parametrize("name", NEW)
def test_a_request_whose_body_did_not_leave_was_not_sent(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server cannot serve a part of a request; what broke while it was written is free."""

    def breaks(_: HTTPConnection, data: Any) -> None:  # noqa: ANN401 - as http.client has it
        parts.append(data)
        if len(parts) == (1 if name == PDL else 2):
            raise BrokenPipeError

    parts: list[bytes] = []
    monkeypatch.setattr(HTTPConnection, "send", breaks)
    with wire(lambda connection: connection.close(), silent=True) as (url, _), provider(name, url) as made:
        assert made.look_up(ADA, EVERY_NEED) == Answer(NoAnswer(sent=False))
    assert parts


@pytest.mark.parametrize("name", REGISTRY)
@pytest.mark.parametrize(
    ("asked", "wait"), [("3600", timedelta(hours=1)), ("864000", timedelta(days=1)), (None, timedelta(minutes=5))]
)
def test_a_long_retry_after_is_the_end_of_a_limit(name: str, asked: str | None, wait: timedelta) -> None:
    """No run waits for so long between two requests of one lookup: it waits as for the end of a day."""
    after = asked or formatdate(NOON.timestamp() + 300, usegmt=True)
    with pytest.raises(QuotaExhausted) as caught:
        look_up(name, failed(429, {}, Retry_After=after))
    assert (caught.value.until, caught.value.wait) == (NOON + wait, wait)
    assert look_up(name, failed(429, {}, Retry_After="90")).result == Throttled(90.0)


@pytest.mark.parametrize("name", REGISTRY)
@pytest.mark.parametrize("date", ["soon", f"Mon, 01 Jan {10**20} 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_date_that_is_none_is_not_believed(name: str, date: str) -> None:
    """Neither when it is at the provider nor when a limit ends."""
    for body in ({"message": "Limit Exceeded"}, {"message": "600 times per day"}, {"error_code": "RATE_LIMITED"}):
        serve = says(answer(429, json.dumps(body).encode(), Date=date, Retry_After=date, x_daily_request_left="0"))
        concluded: object
        try:
            concluded = look_up(name, serve).result
        except QuotaExhausted as error:
            concluded = error.wait
        assert concluded == Throttled() or (isinstance(concluded, timedelta) and concluded <= timedelta(days=1))


@pytest.mark.parametrize("name", REGISTRY)
def test_what_comes_before_an_answer_is_not_taken_for_the_answer_to_the_next_lookup(name: str) -> None:
    """The first lookup is in doubt, since its answer is still to come; the second one has a connection of its own."""

    def hints(connection: socket.socket) -> None:
        connection.sendall(answer(103))
        connection.recv(65_536)  # a client that goes on here meets somebody else's answer
        connection.sendall(answer(500))

    miss: dict[str, Any] = {"data": None, "error": True, "error_code": "NO_MATCH", "matches": []}
    with wire(hints, failed(404 if name == PDL else 200, miss)) as (url, _), provider(name, url) as made:
        assert made.look_up(ADA, EVERY_NEED).result == NoAnswer(sent=True)
        assert isinstance(made.look_up(ADA, EVERY_NEED).result, Missing)


# People Data Labs.


def test_people_data_labs_is_asked_as_documented() -> None:
    head, body = requested(PDL, EVERY_NEED)
    assert head.startswith(
        b"GET /person/enrich?profile=linkedin.com%2Fin%2Fjos%25C3%25A9-example&titlecase=true&min_likelihood=6 HTTP/1.1"
    )
    assert f"X-Api-Key: {KEY}".encode() in head
    assert body is None


@pytest.mark.parametrize(
    ("headers", "cost", "left"),
    [
        ({}, None, None),
        ({"x_call_credits_spent": "1", "x_totallimit_remaining": "99"}, Decimal(1), 99),
        ({"x_call_credits_spent": "0.5"}, Decimal("0.5"), None),
        ({"x_call_credits_spent": "one", "x_totallimit_remaining": "{'minute': 3}"}, None, None),
    ],
)
def test_people_data_labs_states_its_cost(headers: dict[str, str], cost: Decimal | None, left: int | None) -> None:
    found = look_up(PDL, ok(PERSON[PDL], **headers))
    assert (found.cost, found.quota_left) == (cost, left)
    assert look_up(PDL, says(answer(200, b"{", **headers))) == Answer(Unreadable(), cost, left)


@pytest.mark.parametrize(("needs", "under"), [(EVERY_NEED, NO_NEEDS), (ONLY_EMAIL, ONLY_EMAIL)])
def test_a_miss_at_people_data_labs_is_one_under_its_condition(needs: Needs, under: Needs) -> None:
    body = {"status": 404, "error": {"type": "not_found", "message": "No records were found matching your request"}}
    missing = look_up(PDL, failed(404, body, x_call_credits_spent="0"), needs)
    assert missing == Answer(Missing(successful=False, under=under), Decimal(0))
    assert (b"&required=work_email" in requested(PDL, needs)[0]) is (needs == ONLY_EMAIL)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"x_ratelimit_reset": str(int(NOON.timestamp()) + 20)}, 20.0),
        ({"x_ratelimit_reset": "2026-11-24T12:00:30Z"}, 30.0),
        ({"x_ratelimit_reset": "2026-11-24 12:00:30"}, 30.0),
        ({"x_ratelimit_reset": "2026-11-24T11:59:30+00:00"}, 0.0),
        ({"x_ratelimit_reset": "soon"}, None),
        ({"x_ratelimit_reset": "1795000000000"}, None),
        ({"x_ratelimit_reset": "9999-12-31T23:59:59-05:00"}, None),
        ({"x_ratelimit_reset": "soon", "Retry_After": "3"}, 3.0),
        ({}, None),
    ],
)
def test_people_data_labs_slows_down_until_its_reset(headers: dict[str, str], expected: float | None) -> None:
    assert look_up(PDL, failed(429, {"status": 429}, **headers)) == Answer(Throttled(expected))


def test_people_data_labs_waits_for_a_reset_that_is_far_away() -> None:
    with pytest.raises(QuotaExhausted) as caught:
        look_up(PDL, failed(429, {"status": 429}, x_ratelimit_reset="2026-11-24T14:00:00Z"))
    assert caught.value.until == NOON + timedelta(hours=2)


def test_a_free_plan_of_people_data_labs_withholds_the_address() -> None:
    """It shows true or false in its place: never an e-mail."""
    for flag in (True, False):
        found = look_up(PDL, ok({"status": 200, "data": {"id": "p1", "work_email": flag, "mobile_phone": flag}}))
        assert found.withheld == ONLY_EMAIL
        assert isinstance(found.result, Found)
        assert "email" not in found.result.lead
    assert look_up(PDL, ok(PERSON[PDL])).withheld == NO_NEEDS


def test_people_data_labs_with_nobody_in_a_success_is_a_charged_miss() -> None:
    assert look_up(PDL, ok({"status": 200, "data": {}})) == Answer(Missing(successful=True))
    assert look_up(PDL, ok({"status": 200, "data": None})) == Answer(Unreadable())


# Prospeo.


@pytest.mark.parametrize("needs", [EVERY_NEED, ONLY_EMAIL])
def test_prospeo_is_asked_as_documented(needs: Needs) -> None:
    head, body = requested(PROSPEO, needs)
    assert head.startswith(b"POST /enrich-person HTTP/1.1")
    assert f"X-KEY: {KEY}".encode() in head
    assert b"Content-Type: application/json" in head
    assert body == {
        "only_verified_email": needs == ONLY_EMAIL,
        "enrich_mobile": False,
        "data": {"linkedin_url": "https://www.linkedin.com/in/jos%C3%A9-example"},
    }


@pytest.mark.parametrize(("free", "cost"), [(False, 1), (True, 0), (None, 1)])
def test_prospeo_says_whether_a_repeat_was_free(free: bool | None, cost: int) -> None:  # noqa: FBT001 - pytest passes by keyword
    found = look_up(PROSPEO, ok(PERSON[PROSPEO] | {"free_enrichment": free}, x_daily_request_left="1999"))
    assert (found.cost, found.quota_left) == (Decimal(cost), 1999)


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, "NO_MATCH", Missing(successful=False)),
        (404, "NO_MATCH", Missing(successful=False)),
        (400, "INVALID_DATAPOINTS", Refused(400)),
        (400, "INVALID_REQUEST", Refused(400)),
        (400, "INTERNAL_ERROR", Unavailable(400)),
        (504, "INTERNAL_ERROR", NoAnswer(sent=True)),
        (429, "RATE_LIMITED", Throttled()),
        (400, "SOMETHING_NEW", Refused(400)),
        (503, "SOMETHING_NEW", Unavailable(503)),
        (200, "NO_MATCH", Missing(successful=False)),
        (200, "", NoAnswer(sent=True)),
        (400, "INSUFFICIENT_CREDITS", QuotaExhausted),
        (200, "INSUFFICIENT_CREDITS", QuotaExhausted),
        (401, "INVALID_API_KEY", KeyRejected),
        (400, "INVALID_API_KEY", KeyRejected),
    ],
)
def test_prospeos_error_code_decides(status: int, code: str, expected: LookupResult | type[LeadfillError]) -> None:
    serve = failed(status, {"error": True, "error_code": code})
    if isinstance(expected, type):
        with pytest.raises(expected, match="Prospeo"):
            look_up(PROSPEO, serve)
    else:
        assert look_up(PROSPEO, serve) == Answer(expected)


def test_a_miss_at_prospeo_is_one_under_its_condition() -> None:
    serve = failed(400, {"error": True, "error_code": "NO_MATCH"})
    assert look_up(PROSPEO, serve, ONLY_EMAIL) == Answer(Missing(successful=False, under=ONLY_EMAIL))


def test_prospeos_minute_slows_down_and_its_day_waits() -> None:
    body = {"error": True, "error_code": "RATE_LIMITED"}
    minute = {"x_minute_request_left": "0", "x_minute_reset_seconds": "12", "x_daily_request_left": "50"}
    assert look_up(PROSPEO, failed(429, body, **minute)) == Answer(Throttled(12.0), quota_left=50)
    for headers, wait in (({"x_daily_reset_seconds": "3600"}, timedelta(hours=1)), ({}, timedelta(days=1))):
        with pytest.raises(QuotaExhausted) as caught:
            look_up(PROSPEO, failed(429, body, x_daily_request_left="0", **headers))
        assert caught.value.until == NOON + wait


@pytest.mark.parametrize("company", [None, [], "", False])
def test_a_person_at_prospeo_is_one_whatever_stands_for_no_company(company: object) -> None:
    found = look_up(PROSPEO, ok(PERSON[PROSPEO] | {"company": company}))
    assert isinstance(found.result, Found)
    assert json.loads(found.result.raw) == {"person": {"person_id": "p1"}, "company": None}


def test_a_success_of_prospeo_without_a_person_is_in_doubt() -> None:
    assert look_up(PROSPEO, ok({"error": False, "person": None})) == Answer(NoAnswer(sent=True))


# Apollo.


def test_apollo_is_asked_as_documented() -> None:
    """No flag that costs more or answers by webhook; the call that states its cost."""
    head, body = requested(APOLLO, ONLY_EMAIL)
    assert head.startswith(b"POST /people/bulk_match HTTP/1.1")
    assert f"x-api-key: {KEY}".encode() in head
    assert body == {"details": [{"linkedin_url": "http://www.linkedin.com/in/jos%C3%A9-example"}]}


@pytest.mark.parametrize(
    ("answered", "expected"),
    [
        ({"matches": [None], "credits_consumed": 0}, Answer(Missing(successful=False), Decimal(0))),
        ({"matches": []}, Answer(Missing(successful=False))),
        ({"matches": None}, Answer(NoAnswer(sent=True))),
        ({"status": "success"}, Answer(NoAnswer(sent=True))),
        ({"matches": ["Ada"], "credits_consumed": 0.25}, Answer(Unreadable(), Decimal("0.25"))),
    ],
)
def test_apollo_without_a_match(answered: object, expected: Answer) -> None:
    assert look_up(APOLLO, ok(answered)) == expected


@pytest.mark.parametrize("cost", ["1", "0", "0.5", "9"])
def test_apollos_cost_is_read_as_a_decimal(cost: str) -> None:
    body = json.dumps(PERSON[APOLLO]).replace('"credits_consumed": 1', f'"credits_consumed": {cost}').encode()
    assert look_up(APOLLO, says(answer(200, body))).cost == Decimal(cost)


@pytest.mark.parametrize(
    "cost", ['"n/a"', '"1 credit"', "{}", "[1]", "true", '"NaN"', "1e30", "-1", f'"{"9" * 5_000}"']
)
def test_a_cost_of_apollos_that_is_no_number_hides_no_lead(cost: str, caplog: pytest.LogCaptureFixture) -> None:
    """The lead costs its documented price then, nobody costs nothing, and the log says so; none is in doubt."""
    text = json.dumps(PERSON[APOLLO]).replace('"credits_consumed": 1', f'"credits_consumed": {cost}')
    found = look_up(APOLLO, says(answer(200, text.encode())))
    assert isinstance(found.result, Found)
    assert charge(found.result, found.cost, Decimal(1)) == Charge(EntryKind.CHARGED, Decimal(1))
    assert "is no number" in caplog.text
    nobody = look_up(APOLLO, says(answer(200, f'{{"matches": [null], "credits_consumed": {cost}}}'.encode())))
    assert charge(nobody.result, nobody.cost, Decimal(1)) == NOTHING


def test_a_cost_of_people_data_labs_that_is_no_number_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    found = look_up(PDL, ok(PERSON[PDL], x_call_credits_spent="one"))
    assert found.cost is None
    assert "is no number" in caplog.text


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, {"status": "failed", "error_code": "INVALID_REQUEST"}, Refused(400)),
        (422, {"status": "failed", "error_code": "UNKNOWN_ERROR", "error_message": "no conversion"}, Refused(422)),
        (422, {"status": "failed", "error_message": "You have insufficient credits."}, QuotaExhausted),
        (403, {"error": "Not enough Credits left"}, QuotaExhausted),
        (402, {}, QuotaExhausted),
        (403, {"error": "credit_usage_stats", "error_code": "API_INACCESSIBLE"}, KeyRejected),
        (401, "Invalid API key.", KeyRejected),
    ],
)
def test_apollos_errors(status: int, body: object, expected: LookupResult | type[LeadfillError]) -> None:
    if isinstance(expected, type):
        with pytest.raises(expected, match="Apollo"):
            look_up(APOLLO, failed(status, body))
    else:
        assert look_up(APOLLO, failed(status, body)) == Answer(expected)


@pytest.mark.parametrize(
    ("word", "headers", "wait"),
    [
        ("hour", {}, timedelta(hours=1)),
        ("Hour", {"retry_after": "60"}, timedelta(minutes=1)),
        ("day", {}, timedelta(days=1)),
        ("day", {"retry_after": formatdate(NOON.timestamp() + 7200, usegmt=True)}, timedelta(hours=2)),
    ],
)
def test_apollos_hour_and_day_wait(word: str, headers: dict[str, str], wait: timedelta) -> None:
    body = {"message": f"The maximum number of api calls allowed for api/v1/people/bulk_match is 600 times per {word}."}
    with pytest.raises(QuotaExhausted) as caught:
        look_up(APOLLO, failed(429, body, **headers))
    assert caught.value.until == NOON + wait


def test_apollos_minute_slows_down() -> None:
    body = {"message": "The maximum number of api calls allowed for api/v1/people/bulk_match is 50 times per minute."}
    assert look_up(APOLLO, failed(429, body, retry_after="20")) == Answer(Throttled(20.0))


def test_the_customers_own_copy_in_apollos_answer_is_not_kept() -> None:
    match = {"id": "p1", "account": {"phone": "ours"}, "contact": {"email": "ours@example.com"}}
    result = look_up(APOLLO, ok({"matches": [match]})).result
    assert isinstance(result, Found)
    assert json.loads(result.raw) == {"id": "p1"}
    assert b"ours" not in result.raw


# Balances.


@pytest.mark.parametrize(
    ("name", "status", "body", "expected"),
    [
        (PROSPEO, 200, {"error": False, "response": {"remaining_credits": 99}}, Balance(Decimal(99))),
        (PROSPEO, 200, {"response": {"remaining_credits": 9, "used_credits": 1}}, Balance(Decimal(9), Decimal(1))),
        (PROSPEO, 200, {"response": {}}, None),
        (PROSPEO, 429, {"error": True, "error_code": "RATE_LIMITED"}, None),
        (
            APOLLO,
            200,
            {"credit_usage_stats": {"lead_credit": {"limit": 10, "consumed": 3, "left_over": 7}}},
            Balance(Decimal(7), Decimal(3)),
        ),
        (APOLLO, 403, {"error": "…", "error_code": "API_INACCESSIBLE"}, None),
        (APOLLO, 200, {"credit_usage_stats": {}}, None),
        (APOLLO, 500, {}, None),
    ],
)
def test_a_balance_is_read_where_it_can_be_known(name: str, status: int, body: object, expected: Balance) -> None:
    with wire(failed(status, body)) as (url, _), provider(name, url) as made:
        assert made.balance() == expected


@pytest.mark.parametrize(("name", "status"), [(PROSPEO, 401), (PROSPEO, 403), (APOLLO, 401)])
def test_a_balance_proves_the_key(name: str, status: int) -> None:
    with wire(says(answer(status))) as (url, _), provider(name, url) as made, pytest.raises(KeyRejected):
        made.balance()
    with wire(says(b"")) as (url, _), provider(name, url) as made:
        assert made.balance() is None


def test_people_data_labs_has_no_call_for_its_balance() -> None:
    with provider(PDL, "http://127.0.0.1:9") as made:
        assert made.balance() is None
