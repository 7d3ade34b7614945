"""Cloud Tasks' discovery document, and every request and answer checked against it."""

from __future__ import annotations

import functools
import re
from importlib import resources
from typing import Any
from urllib.parse import unquote

import msgspec

from local.sheets_api.discovery import Method, _walk
from local.sheets_api.google_errors import GoogleError, Json, bad_request
from local.sheets_api.validation import BadAnswer, _converted, _Validator, _violations

_VARIABLE = re.compile(r"\{\+(\w+)\}")


@functools.cache
def document() -> Json:
    """Return the discovery document of Cloud Tasks v2, as it ships inside google-api-python-client."""
    files = resources.files("googleapiclient") / "discovery_cache" / "documents" / "cloudtasks.v2.json"
    decoded: Json = msgspec.json.decode(files.read_bytes())
    return decoded


@functools.cache
def _routes() -> list[tuple[str, re.Pattern[str], Method]]:
    """Return each method with the pattern of its URL; the one group is the resource that it is about."""
    routes = []
    for found in _walk(document()):
        variable = _VARIABLE.search(found["path"])
        assert variable is not None
        resource = found["parameters"][variable[1]]["pattern"].strip("^$")
        before, after = found["path"][: variable.start()], found["path"][variable.end() :]
        whole = re.compile(f"/{before}({resource}){after}")
        method = Method(
            found["id"].removeprefix("cloudtasks.projects.locations."),
            found["httpMethod"],
            {**document()["parameters"], **found.get("parameters", {})},
            found.get("request", {}).get("$ref"),
            found["response"]["$ref"],
        )
        routes.append((found["httpMethod"], whole, method))
    return routes


def route(http_method: str, raw_path: str) -> tuple[Method, str]:
    """Return the method and the resource that it is about. Raises GoogleError, 404, where Google has nothing."""
    path = unquote(raw_path)
    for wanted, pattern, method in _routes():
        if wanted == http_method and (found := pattern.fullmatch(path)):
            return method, found[1]
    raise GoogleError(404)


@functools.cache
def _validator(schema: str) -> Any:  # noqa: ANN401 - jsonschema's extended class has no name to give
    definitions = {name: _converted(described) for name, described in document()["schemas"].items()}
    return _Validator({"$ref": f"#/$defs/{schema}", "$defs": definitions})


def check_request(method: Method, body: Json) -> None:
    """Raise GoogleError, 400, if a body does not fit the method."""
    if method.request is None:
        if body:
            raise GoogleError(400, "This method takes no body.")
        return
    violations = [found for error in _validator(method.request).iter_errors(body) for found in _violations(error)]
    if violations:
        raise bad_request(violations)


def check_answer(method: Method, answer: Json) -> None:
    """Raise BadAnswer if an answer does not fit the method."""
    errors = [
        f"{list(error.absolute_path)}: {error.message}" for error in _validator(method.response).iter_errors(answer)
    ]
    if errors:
        raise BadAnswer(f"{method.id} answered against the discovery document: " + "; ".join(errors[:5]))
