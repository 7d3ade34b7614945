"""Field masks: `sheets(properties(title,sheetId),data.rowData)`, to cut answers and to say what an update changes."""

from __future__ import annotations

import re
from typing import Any

from local.sheets_api import discovery
from local.sheets_api.google_errors import GoogleError, Json, bad_request, invalid

Mask = dict[str, Any]
"""Names to masks; an empty mask takes all that is below, so does the name `*`."""

_TOKEN = re.compile(r"[A-Za-z0-9_]+|[*(),./]")


def parse(text: str) -> Mask:
    """Return a mask. Raises GoogleError, 400, on a text that is none."""
    tokens = _TOKEN.findall(text)
    if "".join(tokens) != text or not tokens:
        raise GoogleError(400, "Request contains an invalid argument.")
    mask = _list(tokens)
    if tokens:
        raise GoogleError(400, "Request contains an invalid argument.")
    return mask


def _list(tokens: list[str]) -> Mask:
    mask: Mask = {}
    while True:
        _one(tokens, mask)
        if not tokens or tokens[0] != ",":
            return mask
        tokens.pop(0)


def _one(tokens: list[str], mask: Mask) -> None:
    if not tokens or tokens[0] in {"(", ")", ",", ".", "/"}:
        raise GoogleError(400, "Request contains an invalid argument.")
    name = tokens.pop(0)
    new = name not in mask
    inner: Mask = mask.setdefault(name, {})
    following = tokens[0] if tokens else ""
    if following in {".", "/"}:
        tokens.pop(0)
        if new or inner:
            _one(tokens, inner)
        else:
            _one(tokens, {})
    elif following == "(":
        tokens.pop(0)
        inner |= _list(tokens)
        if not tokens or tokens.pop(0) != ")":
            raise GoogleError(400, "Request contains an invalid argument.")
    else:
        inner.clear()


def check(mask: Mask, schema: str, path: str = "") -> None:
    """Raise GoogleError, 400, if a mask names what the schema does not have."""
    known = discovery.properties_of(schema)
    for name, inner in mask.items():
        if name == "*":
            continue
        whole = f"{path}.{name}".lstrip(".")
        below = discovery.schema_inside(known.get(name, {}))
        if name not in known or (inner and not below):
            sentence = f"Error expanding 'fields' parameter. Cannot find matching fields for path '{whole}'."
            error = bad_request([(whole, sentence)])
            raise GoogleError(400, "Request contains an invalid argument.", details=error.details)
        if inner and below:
            check(inner, below, whole)


def cut(value: Any, mask: Mask) -> Any:  # noqa: ANN401  # any JSON
    """Return what a mask leaves of an answer."""
    if not mask or "*" in mask:
        return value
    if isinstance(value, list):
        return [cut(item, mask) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: cut(value[name], inner) for name, inner in mask.items() if name in value}


def wants(mask: Mask | None, *path: str) -> bool:
    """Whether a mask takes (part of) what is at a path; no mask takes all."""
    for name in path:
        if not mask or "*" in mask:
            return True
        if name not in mask:
            return False
        mask = mask[name]
    return True


def update_mask(given: Json, schema: str, path: str = "") -> Mask:
    """Return the `fields` of an update request. Raises GoogleError, 400, if there are none or unknown ones."""
    text = given.get("fields", "")
    if not text:
        raise invalid("At least one field must be listed in 'fields'. (Use '*' to indicate all fields.)")
    mask = parse(text)
    check(mask, schema, path)
    return mask


def merge(old: Json, new: Json, mask: Mask) -> Json:
    """Return `old` with the masked fields taken from `new`; a masked field that `new` lacks is dropped."""
    if not mask or "*" in mask:
        return new
    merged = dict(old)
    for name, inner in mask.items():
        if inner and isinstance(new.get(name, {}), dict):
            merged[name] = merge(old.get(name, {}), new.get(name, {}), inner)
        elif name in new:
            merged[name] = new[name]
        else:
            merged.pop(name, None)
    return merged
