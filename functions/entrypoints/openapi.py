"""The OpenAPI document of the API, made from the same types that decode its requests; docs/openapi.json is its copy."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from functions.entrypoints import requests
from functions.entrypoints.problems import PREFIX
from functions.outcomes import JobState, Outcome

Json = dict[str, Any]

_TEXT: Json = {"type": "string"}
_COUNT: Json = {"type": "integer", "minimum": 0}


def _object(required: Json, **optional: Json) -> Json:
    return {"type": "object", "properties": {**required, **optional}, "required": list(required)}


def _list(items: Json) -> Json:
    return {"type": "array", "items": items}


def _or_null(schema: Json) -> Json:
    return {"anyOf": [schema, {"type": "null"}]}


_OUTCOME: Json = {"enum": [outcome.value for outcome in Outcome]}
_FIELD = _object(dict.fromkeys(("name", "header", "group", "description", "example"), _TEXT))
_PLAN = _object(
    {
        "range": _TEXT,
        "url_column": _TEXT,
        "header_row": _or_null(_COUNT),
        **dict.fromkeys(("rows", "unusable", "already_filled", "duplicates", "known", "in_doubt", "lookups"), _COUNT),
        "unusable_reasons": {"type": "object", "additionalProperties": _COUNT},
        "max_credits": _COUNT,
        "credits_left": _COUNT,
        "columns": _list(_object({"field": _TEXT, "header": _TEXT, "column": _TEXT, "new": {"type": "boolean"}})),
    }
)
_JOB = _object(
    {
        "id": _TEXT,
        "spreadsheet_id": _TEXT,
        "range": _TEXT,
        "fields": _list(_TEXT),
        "state": {"enum": [state.value for state in JobState]},
        "rows": _COUNT,
        "counts": {"type": "object", "additionalProperties": _COUNT},
        "done": _COUNT,
        "progress": {"type": "number", "minimum": 0, "maximum": 1},
        "credits": _object({"charged": _TEXT, "in_doubt": _TEXT, "ceiling": _COUNT}),
        "rate_per_s": _or_null({"type": "number"}),
        "eta_s": _or_null({"type": "number"}),
        "message": _or_null(_TEXT),
        "created_at": _TEXT,
        "finished_at": _or_null(_TEXT),
        "can": _list({"enum": ["cancel", "retry", "undo"]}),
    }
)
_ROWS = _object(
    {
        "rows": _list(
            _object({"row": _COUNT, "linkedin_url": _TEXT, "outcome": _or_null(_OUTCOME), "detail": _TEXT}),
        ),
        "next_page_token": _or_null(_TEXT),
    }
)
_USAGE = _object(
    {
        "days": _list(_object(dict.fromkeys(("date", "user", "spreadsheet_id", "charged", "in_doubt"), _TEXT))),
        "caps": _list(_object({"cap": _TEXT, "limit": _COUNT, "used": {"type": "number"}})),
    }
)
_PROBLEM = _object(
    {"type": {"type": "string", "pattern": f"^{PREFIX}"}, "title": _TEXT, "status": _COUNT, "detail": _TEXT}
)
_FORMULA_TOKEN = _object({"token": _TEXT, "token_id": _TEXT, "expires_at": _TEXT})
_VALUES = _object({"values": _list(_list({"type": ["string", "number", "boolean", "null"]})), "pending": _COUNT})

_JOB_ID = {"name": "job_id", "in": "path", "required": True, "schema": _TEXT}
_URL = {"name": "linkedin_url", "in": "query", "required": True, "schema": _TEXT}
_ACCESS = {
    "name": "X-Sheets-Access-Token",
    "in": "header",
    "required": True,
    "schema": {"type": "string", "minLength": 1},
}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "schema": {"type": "string", "minLength": 8, "maxLength": 200},
}
_FROM = {
    "name": "X-Spreadsheet-Id",
    "in": "header",
    "description": "Where the formula stands; the token must be for it",
    "schema": _TEXT,
}
_SPREADSHEET = {"name": "spreadsheet_id", "in": "query", "required": True, "schema": {"type": "string", "minLength": 1}}
_DAYS = {"name": "days", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 366, "default": 30}}
_OUTCOME_QUERY = {"name": "outcome", "in": "query", "schema": _OUTCOME}
_PAGE = {"name": "page_token", "in": "query", "schema": {"type": "string", "pattern": "^[0-9]{1,9}$"}}

_CALLS: tuple[tuple[str, str, str, Json | None, type | None, list[Json]], ...] = (
    ("get", "/healthz", "Whether the process is up and the store can be reached", _object({"status": _TEXT}), None, []),
    ("get", "/v1/openapi.json", "This document", {"type": "object"}, None, []),
    (
        "get",
        "/v1/fields",
        "The catalogue",
        _object({"fields": _list(_FIELD)}, presets=_list({"type": "object"})),
        None,
        [],
    ),
    (
        "post",
        "/v1/plan",
        "What a run would do and cost; spends and writes nothing",
        _PLAN,
        requests.PlanBody,
        [_ACCESS],
    ),
    ("post", "/v1/jobs", "Start a job", _JOB, requests.JobBody, [_ACCESS, _KEY]),
    ("get", "/v1/jobs", "The newest jobs of a spreadsheet", _object({"jobs": _list(_JOB)}), None, [_SPREADSHEET]),
    ("get", "/v1/jobs/{job_id}", "One job", _JOB, None, [_JOB_ID]),
    ("get", "/v1/jobs/{job_id}/rows", "Reports of rows", _ROWS, None, [_JOB_ID, _OUTCOME_QUERY, _PAGE]),
    ("post", "/v1/jobs/{job_id}/cancel", "Stop a job", _JOB, None, [_JOB_ID]),
    ("post", "/v1/jobs/{job_id}/retry", "Try again what did not work", _JOB, requests.RetryBody, [_JOB_ID, _ACCESS]),
    ("post", "/v1/jobs/{job_id}/undo", "Give the cells back what they held", _JOB, None, [_JOB_ID, _ACCESS]),
    ("post", "/v1/jobs/{job_id}/access", "Hand a job a fresh access token", _JOB, None, [_JOB_ID, _ACCESS]),
    (
        "post",
        "/v1/formula",
        "Values for a formula; served by the entry point `formula`",
        _VALUES,
        requests.FormulaBody,
        [_FROM],
    ),
    (
        "post",
        "/v1/formula-tokens",
        "A token for the formulas of one spreadsheet",
        _FORMULA_TOKEN,
        requests.FormulaTokenBody,
        [_ACCESS],
    ),
    (
        "delete",
        "/v1/formula-tokens/{token_id}",
        "End a formula token",
        None,
        None,
        [{"name": "token_id", "in": "path", "required": True, "schema": _TEXT}],
    ),
    ("get", "/v1/usage", "Credits by day, user and spreadsheet", _USAGE, None, [_DAYS]),
    ("post", "/v1/erasures", "Erase a person", None, requests.PersonBody, []),
    ("post", "/v1/erasures/lift", "Let an erased person be looked up again", None, requests.PersonBody, []),
    (
        "delete",
        "/v1/leads",
        "Erase a person; logs of requests then hold the URL, which those of POST /v1/erasures do not",
        None,
        None,
        [_URL],
    ),
)
_STATUS = {"/v1/jobs": 202, "/v1/formula-tokens": 201}
_ACCEPTED = ("retry", "undo")
_PROBLEMS = (400, 401, 403, 404, 405, 408, 409, 413, 429, 500, 502, 503)


@cache
def document() -> Json:
    """The document, version 3.1."""
    kinds = [kind for *_, kind, _parameters in _CALLS if kind is not None]
    schemas, components = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    bodies_ = dict(zip([kind.__name__ for kind in kinds], schemas, strict=True))
    paths: dict[str, Json] = {}
    for method, path, summary, answer, kind, parameters in _CALLS:
        call: Json = {
            "summary": summary,
            "operationId": f"{method} {path}",
            "parameters": parameters,
            "responses": _responses(method, path, answer),
        }
        if kind is not None:
            call["requestBody"] = {
                "required": True,
                "content": {"application/json": {"schema": bodies_[kind.__name__]}},
            }
        if path in {"/healthz", "/v1/openapi.json"}:
            call["security"] = []
        paths.setdefault(path, {})[method] = call
    components["Problem"] = _PROBLEM
    return {
        "openapi": "3.1.0",
        "info": {"title": "Leadfill", "version": "1", "license": {"name": "MIT"}},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"identity": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"identity": []}],
    }


def _responses(method: str, path: str, answer: Json | None) -> Json:
    status = _STATUS.get(path, 200) if method == "post" else 200
    if path.endswith(_ACCEPTED):
        status = 202
    success: Json = {"204": {"description": "Done"}}
    if answer is not None:
        success = {str(status): {"description": "Done", "content": {"application/json": {"schema": answer}}}}
    reference = {"schema": {"$ref": "#/components/schemas/Problem"}}
    refusal = {"description": "Why not", "content": {"application/problem+json": reference}}
    return {**success, **{str(code): refusal for code in _PROBLEMS}}
