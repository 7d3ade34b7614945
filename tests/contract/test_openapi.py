"""The running `api` and `formula` answer as docs/openapi.json says, whatever they are sent; never with a 5xx."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import hypothesis
import pytest
import requests
import schemathesis
from schemathesis.checks import (
    allow_header_conformance,
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from functions.entrypoints.openapi import document
from tests.support.running import Running, slugs
from tools import addon_types, openapi_page

CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
    allow_header_conformance,
    unsupported_method,
]
FORMULA = "/v1/formula"

schema = schemathesis.openapi.from_dict(document())


@pytest.fixture(scope="module")
def known(running: Running) -> dict[str, Any]:
    """What a fuzzer would never guess: a job and a spreadsheet that are there, and the tokens that open them."""
    people = slugs(2)
    spreadsheet = running.sheet([f"linkedin.com/in/{slug}" for slug in people])
    token = running.formula_token(spreadsheet)["token"]
    return {
        "job_id": running.run(spreadsheet)["id"],
        "spreadsheet_id": spreadsheet,
        "range": "Leads!A2:A",
        "fields": ["email"],
        "timed_rows": 3,
        "linkedin_url": f"https://www.linkedin.com/in/{people[0]}",
        "urls": [[f"linkedin.com/in/{people[0]}"], ["linkedin.com/in/a-not-found"], ["x"], [""]],
        "identity": {"Authorization": f"Bearer {running.identity()}"},
        "key": running.key(),
        "formula": {"Authorization": f"Bearer {token}"},
    }


@schema.parametrize()
@hypothesis.settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(hypothesis.HealthCheck),
    phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
)
def test_no_answer_is_undocumented_and_none_is_a_5xx(
    running: Running, known: dict[str, Any], case: schemathesis.Case[Any]
) -> None:
    guide(case, known)
    at = "formula" if case.path == FORMULA else "api"
    identity = known["formula"] if at == "formula" else known["identity"]
    case.call_and_validate(base_url=running.stack.urls[at], headers=identity, checks=CHECKS, timeout=60)


def guide(case: schemathesis.Case[Any], known: dict[str, Any]) -> None:
    """Every other case meets what is really there, so that the fuzzer gets past the door."""
    if len(repr((case.headers, case.query, case.body))) % 2:
        return
    case.headers.update(known["key"])
    for values in (case.path_parameters, case.query, case.body):
        if isinstance(values, dict):
            values.update({name: known[name] for name in values if name in known})


def test_nothing_is_answered_without_an_identity(running: Running) -> None:
    for path, calls in document()["paths"].items():
        for method, call in calls.items():
            at = "formula" if path == FORMULA else "api"
            url = running.stack.urls[at] + path.replace("{job_id}", "x").replace("{token_id}", "x")
            answer = requests.request(method, url, timeout=60)
            assert answer.status_code == (200 if call.get("security") == [] else 401), (method, path)


def test_every_address_that_is_served_is_documented(running: Running) -> None:
    from functions.entrypoints.api import Api  # noqa: PLC0415 - only its routes are looked at

    app = Api(None, None, None).application()  # type: ignore[arg-type]  # no view is called
    served = {
        (rule.rule.replace("<", "{").replace(">", "}"), str(method).lower())
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or ())
        if method != "HEAD"
    }
    told = {(path, method) for path, calls in document()["paths"].items() for method in calls}
    assert served == told - {(FORMULA, "post")}
    assert running.ask("GET", "/v1/openapi.json", by="").json() == document()


@pytest.mark.parametrize("tool", [openapi_page, addon_types], ids=["docs/openapi.json", "sheets_addon/types.d.ts"])
def test_the_page_is_what_the_code_says(tool: ModuleType) -> None:
    assert tool.PAGE.read_text(encoding="utf-8") == tool.page(), f"run python -m {tool.__name__}"
