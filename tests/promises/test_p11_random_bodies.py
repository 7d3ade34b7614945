"""P11: whatever is sent to any call of `api`, `formula` and the worker, it is understood or refused, in bounded work.

tests/contract/test_openapi.py sends what nearly fits to the running functions; here is what does not.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.auth.identity_tokens import Caller
from functions.entrypoints import flask_app, formula, routes, worker
from functions.entrypoints.flask_app import Route, decode
from tests.support.work import LINEAR, growth

CALLER = Caller("person-1", "person@example.com", "example.com")
CALLS = [*routes.ROUTES, formula.ROUTE, worker.RUN]
WITH_BODY = [call for call in CALLS if call.body is not None]
SHAPES = [
    *(
        b"[",
        b'{"a":',
        b'{"a":1,',
        b"[[],",
        b'"',
        b"\\",
        b'"\\u0041',
        b'"\\ud800',
        b"9",
        b"-",
        b"1e9",
        b"0.1",
        b"nul",
        b" ",
    ),
    *(b"\xff", b"\xe2\x82", b"\x00", b"\xef\xbb\xbf", b'{"fields":["', b'"email","', b'{"":', b"//", b"'"),
]
"""Everything that a reader of JSON treats in a way of its own, and what it must not fall over."""
HEADERS = st.dictionaries(
    st.sampled_from(
        ["X-Sheets-Access-Token", "Idempotency-Key", "Content-Type", "X-Spreadsheet-Id", "Accept", "Range"]
    ),
    st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=40),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)


class _Views:
    """Views that answer anything: what is proved is what comes before them."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda **_arguments: None


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    """The calls of all entry points in one application."""
    return flask_app.build(_Views(), CALLS, lambda: CALLER, 1_000_000).test_client()


def bodies(kind: type[msgspec.Struct] | None) -> st.SearchStrategy[bytes]:
    """Any bytes, any JSON, and JSON with the right names and whatever values."""
    names = kind.__struct_fields__ if kind else ("x",)
    named = st.dictionaries(st.sampled_from(names), JSON).map(lambda value: json.dumps(value).encode())
    damaged = st.tuples(named, st.integers(0, 200), st.sampled_from(SHAPES)).map(
        lambda parts: parts[0][: parts[1]] + parts[2] + parts[0][parts[1] :]
    )
    return st.binary(max_size=300) | JSON.map(lambda value: json.dumps(value).encode()) | named | damaged


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.method} {call.view}")
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_body_and_no_header_is_more_than_a_refusal(client: FlaskClient, call: Route, data: st.DataObject) -> None:
    path = (
        call.path.format(job_id=data.draw(st.from_regex(r"[^/?#\\%]{1,20}", fullmatch=True)), token_id="x")
        if "{" in call.path
        else call.path
    )
    query: dict[str, Any] = data.draw(
        st.dictionaries(st.sampled_from(["days", "outcome", "page_token", "spreadsheet_id"]), st.text(max_size=20))
    )
    answer = client.open(
        path, method=call.method, data=data.draw(bodies(call.body)), headers=data.draw(HEADERS), query_string=query
    )
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert (answer.json or {}).get("detail")


@pytest.mark.parametrize("call", WITH_BODY, ids=lambda call: call.view)
def test_a_body_is_decoded_in_linear_time(call: Route) -> None:
    kind = call.body
    assert kind is not None
    for shape in SHAPES:
        small, large = ((shape * length)[:length] for length in (200_000, 800_000))
        assert growth(lambda body: decode(body, kind), small, large) <= LINEAR, shape
