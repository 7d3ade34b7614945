"""Google's own description of the API, as it ships inside google-api-python-client: methods, parameters, schemas."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Any

import msgspec

from local.sheets_api.google_errors import Json


@dataclass(frozen=True, slots=True)
class Method:
    """One method: its id without `sheets.`, such as `spreadsheets.values.get`, its parameters, its schemas' names."""

    id: str
    http_method: str
    parameters: Json
    request: str | None
    response: str


@functools.cache
def document() -> Json:
    """Return the discovery document of Sheets v4."""
    files = resources.files("googleapiclient") / "discovery_cache" / "documents" / "sheets.v4.json"
    decoded: Json = msgspec.json.decode(files.read_bytes())
    return decoded


@functools.cache
def methods() -> dict[str, Method]:
    """Return the methods by id."""
    everywhere = document()["parameters"]
    return {
        found["id"].removeprefix("sheets."): Method(
            found["id"].removeprefix("sheets."),
            found["httpMethod"],
            {**everywhere, **found.get("parameters", {})},
            found.get("request", {}).get("$ref"),
            found["response"]["$ref"],
        )
        for found in _walk(document())
    }


def _walk(resource: Json) -> Iterator[Json]:
    yield from resource.get("methods", {}).values()
    for child in resource.get("resources", {}).values():
        yield from _walk(child)


def properties_of(schema: str) -> Json:
    """Return the properties of a schema by name."""
    found: Json = document()["schemas"][schema].get("properties", {})
    return found


def schema_inside(described: Json) -> str | None:
    """Return the name of the schema that a property holds, directly or as a list; None for plain values."""
    inner: Any = described
    while isinstance(inner, dict) and "items" in inner:
        inner = inner["items"]
    return inner.get("$ref") if isinstance(inner, dict) else None
