"""The OpenAPI document of the API, made from its routes and their types; docs/openapi.json is its copy."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from functions.entrypoints import formula
from functions.entrypoints.flask_app import Route
from functions.entrypoints.problems import Problem
from functions.entrypoints.routes import ROUTES
from functions.version import VERSION

Json = dict[str, Any]

CALLS = (*ROUTES, formula.ROUTE)
_PROBLEMS = (400, 401, 403, 404, 405, 408, 409, 413, 429, 500, 502, 503)


@cache
def document() -> Json:
    """The document, version 3.1."""
    kinds = list(dict.fromkeys([kind for route in CALLS for kind in (route.body, route.answer) if kind]))
    schemas, components = msgspec.json.schema_components([*kinds, Problem], ref_template="#/components/schemas/{name}")
    schema_of = dict(zip(kinds, schemas, strict=False))
    paths: dict[str, Json] = {}
    for route in CALLS:
        call: Json = {
            "summary": route.summary,
            "operationId": route.view,
            "parameters": _parameters(route, components),
            "responses": _responses(route, schema_of),
        }
        if route.body is not None:
            call["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema_of[route.body]}}}
        if route.is_public:
            call["security"] = []
        paths.setdefault(route.path, {})[route.method.lower()] = call
    made = {
        "openapi": "3.1.0",
        "info": {"title": "Leadfill", "version": VERSION, "license": {"name": "MIT"}},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"identity": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"identity": []}],
    }
    return msgspec.json.decode(msgspec.json.encode(made), type=Json)  # the defaults of tuples are tuples


def _parameters(route: Route, components: Json) -> list[Json]:
    parts = [part.strip("{}") for part in route.path.split("/") if part.startswith("{")]
    found: list[Json] = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in parts]
    for header in route.headers:
        where = {"name": header.name, "in": "header", "required": header.required}
        found.append(where | {"description": header.description, "schema": header.schema})
    if route.query is not None:
        (_,), queries = msgspec.json.schema_components([route.query], ref_template="#/components/schemas/{name}")
        query = queries.pop(route.query.__name__)
        components.update(queries)
        for name, schema in query["properties"].items():
            found.append({"name": name, "in": "query", "required": name in query["required"], "schema": schema})
    return found


def _responses(route: Route, schema_of: dict[Any, Json]) -> Json:
    success: Json = {"204": {"description": "Done"}}
    if route.answer is not None:
        content = {"application/json": {"schema": schema_of[route.answer]}}
        success = {str(route.status): {"description": "Done", "content": content}}
        if route.replays:
            header = {"description": "Always `true`", "schema": {"const": "true"}}
            replay = {"description": "Done before, with this very key", "headers": {"Idempotent-Replayed": header}}
            success["200"] = replay | {"content": content}
    reference = {"schema": {"$ref": "#/components/schemas/Problem"}}
    refusal = {"description": "Why not", "content": {"application/problem+json": reference}}
    return {**success, **{str(code): refusal for code in _PROBLEMS}}
