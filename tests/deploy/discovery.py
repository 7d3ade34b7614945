"""Google's own descriptions of its APIs: which method a call is, and whether its body is one that Google accepts."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Any

from jsonschema import Draft202012Validator

Json = dict[str, Any]

APIS = {
    "artifactregistry": "v1",
    "cloudbuild": "v1",
    "cloudresourcemanager": "v1",
    "cloudscheduler": "v1",
    "cloudtasks": "v2",
    "iam": "v1",
    "logging": "v2",
    "monitoring": "v3",
    "run": "v1",
    "secretmanager": "v1",
    "serviceusage": "v1",
    "sqladmin": "v1beta4",
    "storage": "v1",
}
TOLERATED = {
    # gcloud sends these; Google takes them, and its discovery documents do not list them.
    "uploadType",
}


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a method."""

    api: str
    method: str
    """Such as `run.namespaces.services.create`."""
    path: str
    arguments: dict[str, str]
    """From the path."""
    query: dict[str, list[str]]
    body: Json


def matched(api: str, verb: str, path: str) -> tuple[str, Json, dict[str, str]]:
    """The method of a call → its id, its description, the arguments in its path.

    Raises:
        LookupError: Google has no such method.
    """
    for identifier, method in _methods(api).items():
        found = _pattern(method).fullmatch(path)
        if found and method["httpMethod"] == verb:
            return identifier, method, found.groupdict()
    raise LookupError(f"{api} has no {verb} {path}")


def faults(api: str, method: Json, query: dict[str, list[str]], body: Json) -> list[str]:
    """What Google would not accept of a call."""
    known = {*document(api)["parameters"], *method.get("parameters", {}), *TOLERATED}
    wrong = [f"unknown parameter {name}" for name in query if name not in known]
    if body and "request" not in method:
        wrong.append("has a body")
    elif body:
        wrong += _against(api, method["request"]["$ref"], body)
    return wrong


def answer_faults(api: str, method: Json, answer: Json) -> list[str]:
    """Where an answer is none of Google's."""
    return _against(api, method["response"]["$ref"], answer) if "response" in method else []


def list_field(api: str, method: Json) -> str:
    """Under which name a list method answers with its resources."""
    properties: Json = document(api)["schemas"][method["response"]["$ref"]]["properties"]
    return next(name for name, it in properties.items() if it["type"] == "array" and "$ref" in it["items"])


@functools.cache
def document(api: str) -> Json:
    """The discovery document, as it ships in google-api-python-client."""
    folder = resources.files("googleapiclient") / "discovery_cache" / "documents"
    decoded: Json = json.loads((folder / f"{api}.{APIS[api]}.json").read_text(encoding="utf-8"))
    return decoded


@functools.cache
def _methods(api: str) -> dict[str, Json]:
    return {method["id"]: method for method in _walk(document(api))}


def _walk(resource: Json) -> Iterator[Json]:
    yield from resource.get("methods", {}).values()
    for child in resource.get("resources", {}).values():
        yield from _walk(child)


def _pattern(method: Json) -> re.Pattern[str]:
    names = iter(range(100))
    path: str = method.get("flatPath") or method["path"]
    parts = re.split(r"(\{\+?\w+\})", path)
    one = (
        f"(?P<{part.strip('{}+')}_{next(names)}>[^/:]+)" if part.startswith("{") else re.escape(part) for part in parts
    )
    return re.compile("".join(one))


def _against(api: str, schema: str, value: Json) -> list[str]:
    errors = _validator(api, schema).iter_errors(value)
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message[:200]}" for error in errors]


@functools.cache
def _validator(api: str, schema: str) -> Draft202012Validator:
    definitions = {name: _converted(it) for name, it in document(api)["schemas"].items()}
    return Draft202012Validator({"$ref": f"#/$defs/{schema}", "$defs": definitions})


def _converted(described: Json) -> Json:
    if "$ref" in described:
        return {"$ref": f"#/$defs/{described['$ref']}"}
    kind = described.get("type")
    if kind == "array":
        return {"type": "array", "items": _converted(described["items"])}
    if kind == "object":
        more = described.get("additionalProperties")
        return {
            "type": "object",
            "properties": {name: _converted(it) for name, it in described.get("properties", {}).items()},
            "additionalProperties": _converted(more) if more else False,
        }
    if kind == "any":
        return {}
    if kind == "string" and described.get("format") in {"int64", "uint64"}:
        return {"type": ["string", "integer"]}  # JSON of protocol buffers takes both
    return {"type": kind} | ({"enum": described["enum"]} if "enum" in described else {})
