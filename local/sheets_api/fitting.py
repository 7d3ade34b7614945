"""A quick yes for what fits the discovery document; jsonschema says what is wrong with the rest.

Descending through jsonschema costs some 40 µs a cell, here it is one; bodies of 100,000 cells are usual.
Both are made from the same document, and a test holds their verdicts together.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from local.sheets_api import discovery
from local.sheets_api.google_errors import Json

Fits = Callable[[Any], bool]


@functools.cache
def of_schema(name: str) -> Fits:
    """Return the check for a schema of the document, by its name."""
    return _Named(name)


class _Named:
    """A schema by name, made when first needed: schemas refer to each other, and to themselves."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.fits: Fits | None = None

    def __call__(self, value: Any) -> bool:  # noqa: ANN401 - any JSON
        if self.fits is None:
            self.fits = _made(discovery.document()["schemas"][self.name])
        return self.fits(value)


def _made(described: Json) -> Fits:
    if "$ref" in described:
        return of_schema(described["$ref"])
    kind = described.get("type")
    if kind == "array":
        return _array(described["items"])
    if kind == "object":
        return _object(described)
    if "enum" in described:
        choices = frozenset(described["enum"])
        return lambda value: isinstance(value, str) and value in choices
    return {"string": _string, "boolean": _boolean, "integer": _integer, "number": _number}.get(str(kind), _anything)


def _array(items: Json) -> Fits:
    if items.get("items", {}).get("type") == "any":
        return _rows_of_cells
    inner = _made(items)
    return lambda value: isinstance(value, list) and all(map(inner, value))


def _object(described: Json) -> Fits:
    inner = {name: _made(schema) for name, schema in described.get("properties", {}).items()}
    other = _made(described["additionalProperties"]) if "additionalProperties" in described else _never

    def fits(value: Any) -> bool:  # noqa: ANN401 - any JSON
        if not isinstance(value, dict):
            return False
        return all(inner.get(name, other)(item) for name, item in value.items())

    return fits


def _rows_of_cells(value: Any) -> bool:  # noqa: ANN401 - any JSON
    return isinstance(value, list) and all(type(row) is list for row in value)


def _string(value: Any) -> bool:  # noqa: ANN401 - any JSON
    return isinstance(value, str)


def _boolean(value: Any) -> bool:  # noqa: ANN401 - any JSON
    return isinstance(value, bool)


def _integer(value: Any) -> bool:  # noqa: ANN401 - any JSON
    return isinstance(value, int) and not isinstance(value, bool)


def _number(value: Any) -> bool:  # noqa: ANN401 - any JSON
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _anything(_value: Any) -> bool:  # noqa: ANN401 - any JSON
    return True


def _never(_value: Any) -> bool:  # noqa: ANN401 - any JSON
    return False
