"""Every request and every answer against the discovery document, through jsonschema.

A wrong request is Google's 400, in Google's words; a wrong answer of the emulator is its own fault and a loud 500.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema
from jsonschema import Draft202012Validator, validators

from local.sheets_api import discovery, fitting
from local.sheets_api.google_errors import Json, bad_request

_INTEGER = re.compile(r"-?\d+")
_ENUM_TYPE = "type.googleapis.com/google.apps.sheets.v4."
_TYPE_WORDS = {
    "int32": "TYPE_INT32",
    "double": "TYPE_DOUBLE",
    "float": "TYPE_FLOAT",
    "string": "TYPE_STRING",
    "boolean": "TYPE_BOOL",
}


class BadAnswer(Exception):
    """The emulator was about to send what Google's discovery document does not allow."""


def _cells(_validator: object, _on: object, instance: object, _schema: object) -> Iterator[jsonschema.ValidationError]:
    """Check rows of cell values: 100,000 rows in milliseconds, where descending into each cell takes seconds."""
    if not isinstance(instance, list) or not all(type(row) is list for row in instance):
        yield jsonschema.ValidationError("must be a list of lists")


_Validator: Any = validators.extend(Draft202012Validator, {"cells": _cells})  # type: ignore[no-untyped-call]  # jsonschema leaves it untyped


def _converted(described: Json) -> Json:
    """Return a discovery schema as JSON Schema."""
    if "$ref" in described:
        return {"$ref": f"#/$defs/{described['$ref']}"}
    kind = described.get("type")
    if kind == "array":
        rows = described["items"].get("items", {}).get("type") == "any"
        return {"cells": True} if rows else {"type": "array", "items": _converted(described["items"])}
    if kind == "object":
        inner = {name: _converted(value) for name, value in described.get("properties", {}).items()}
        more: Json | bool = (
            _converted(described["additionalProperties"]) if "additionalProperties" in described else False
        )
        return {"type": "object", "properties": inner, "additionalProperties": more}
    choices = {"enum": described["enum"]} if "enum" in described else {}
    return {} if kind == "any" else {"type": kind, "x-format": described.get("format", kind), **choices}


@functools.cache
def _definitions() -> Json:
    return {name: _converted(schema) for name, schema in discovery.document()["schemas"].items()}


@functools.cache
def _validator(schema: str) -> Any:  # noqa: ANN401  # jsonschema's extended class has no name to give
    return _Validator({"$ref": f"#/$defs/{schema}", "$defs": _definitions()})


def without_nulls(value: Any) -> Any:  # noqa: ANN401  # any JSON
    """Return a body as Google's parser reads it: a null is an absent field, but inside rows of cell values."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return value if any(isinstance(item, list) for item in value) else [without_nulls(item) for item in value]
    return value


def check_request(method: discovery.Method, body: Json) -> None:
    """Raise GoogleError, 400, if a body does not fit the method."""
    if method.request is None:
        if body:
            raise bad_request([("", _unknown(name, ())) for name in body])
        return
    if fitting.of_schema(method.request)(body):
        return
    violations = [found for error in _validator(method.request).iter_errors(body) for found in _violations(error)]
    if violations:
        raise bad_request(violations)


def check_answer(method: discovery.Method, answer: Json) -> None:
    """Raise BadAnswer if an answer does not fit the method."""
    if fitting.of_schema(method.response)(answer):
        return
    errors = [
        f"{list(error.absolute_path)}: {error.message}" for error in _validator(method.response).iter_errors(answer)
    ]
    if errors:
        raise BadAnswer(f"{method.id} answered against the discovery document: " + "; ".join(errors[:5]))


def check_query(method: discovery.Method, query: Mapping[str, list[str]]) -> Json:
    """Return the query's parameters, typed; a repeated one as a list. Raises GoogleError, 400."""
    typed: Json = {}
    violations: list[tuple[str, str]] = []
    for name, texts in query.items():
        described = method.parameters.get(name)
        if described is None or described.get("location") == "path":
            sentence = (
                f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter. '
                f"Field '{name}' could not be found in request message."
            )
            violations.append(("", sentence))
            continue
        values = [_parameter(name, described, text, violations) for text in texts]
        typed[name] = values if described.get("repeated") else values[-1]
    if violations:
        raise bad_request(violations)
    return typed


def _parameter(name: str, described: Json, text: str, violations: list[tuple[str, str]]) -> Any:  # noqa: ANN401  # typed by the discovery document
    kind = described["type"]
    if kind == "boolean" and text.lower() in {"true", "false", "1", "0", ""}:
        return text.lower() in {"true", "1", ""}
    if kind == "integer" and _INTEGER.fullmatch(text):
        return int(text)
    if kind == "string" and ("enum" not in described or text in described["enum"] or name == "alt"):
        return text
    word = _type_word(name, described)
    violations.append((_snake(name), f"Invalid value at '{_snake(name)}' ({word}), \"{text}\""))
    return None


def _violations(error: jsonschema.ValidationError) -> Iterator[tuple[str, str]]:
    path = tuple(error.absolute_path)
    place = _place(path)
    if error.validator == "additionalProperties":
        known: Json = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
        given: Any = error.instance
        for name in given:
            if name not in known:
                yield place, _unknown(str(name), path)
    elif error.validator == "type" and isinstance(error.schema, dict) and error.schema.get("type") == "object":
        name = str(path[-1]) if path else ""
        outside = _at(path[:-1])
        sentence = f'Invalid JSON payload received. Unknown name "{name}"{outside}: '
        yield place, sentence + "Proto field is not repeating, cannot start list."
    else:
        schema: Json = error.schema if isinstance(error.schema, dict) else {}
        word = _type_word(str(path[-1]) if path else "", {**schema, "format": schema.get("x-format")})
        shown = f'"{error.instance}"' if isinstance(error.instance, str) else error.instance
        if "cells" in schema or error.validator == "cells":
            # Of a ValueRange in the body of values.update, which Google's parser knows as `data`, as recorded.
            place, word = (
                f"data.{place}" if place == "values" else place,
                "type.googleapis.com/google.protobuf.ListValue",
            )
        yield place, f"Invalid value at '{place}' ({word}), {shown}"


def _type_word(name: str, described: Json) -> str:
    if "enum" in described:
        return _ENUM_TYPE + name[:1].upper() + name[1:]
    return _TYPE_WORDS.get(described.get("format") or described.get("type", ""), "TYPE_STRING")


def _unknown(name: str, path: tuple[str | int, ...]) -> str:
    return f'Invalid JSON payload received. Unknown name "{name}"{_at(path)}: Cannot find field.'


def _at(path: tuple[str | int, ...]) -> str:
    return f" at '{_place(path)}'" if path else ""


def _place(path: tuple[str | int, ...]) -> str:
    """Return a path as Google writes it: `requests[0].add_sheet.properties`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{_snake(part)}" for part in path).lstrip(".")


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()
