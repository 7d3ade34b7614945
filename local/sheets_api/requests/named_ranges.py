"""Requests on named ranges."""

from __future__ import annotations

import re

from local.sheets_api import fields_mask
from local.sheets_api.google_errors import Json, invalid
from local.sheets_api.references import CELLS
from local.sheets_api.requests.target import Target

_NAME = re.compile(r"[^\W\d]\w{0,249}")


def add(target: Target, given: Json) -> Json:
    """Name a range."""
    wanted = given.get("namedRange", {})
    workbook = target.workbook
    number = wanted.get("namedRangeId") or str(workbook.new_id())
    if any(named["namedRangeId"] == number for named in workbook.named_ranges):
        raise invalid(f"A named range with the ID {number} already exists.")
    named = {"namedRangeId": number, "name": wanted.get("name", ""), "range": _range(target, wanted)}
    _check_name(target, named)
    workbook.named_ranges = (*workbook.named_ranges, named)
    return {"namedRange": named}


def _range(target: Target, wanted: Json) -> Json:
    if "range" not in wanted:
        raise invalid("namedRange.range must be specified.")
    sheet, box = target.workbook.grid_range(wanted["range"])
    return box.grid_range(sheet.id)


def _check_name(target: Target, named: Json) -> None:
    """Raise GoogleError, 400, for a name that is none (https://support.google.com/docs/answer/63175) or is taken."""
    name = named["name"]
    if not _NAME.fullmatch(name) or name.upper() in {"TRUE", "FALSE"} or re.fullmatch(CELLS, name):
        raise invalid(f"The name “{name}” is not valid for a named range.")
    for other in target.workbook.named_ranges:
        if other["name"].casefold() == name.casefold() and other["namedRangeId"] != named["namedRangeId"]:
            raise invalid(f"A named range with the name “{name}” already exists.")


def update(target: Target, given: Json) -> None:
    """Change the name or the range of a named range."""
    mask = fields_mask.update_mask(given, "NamedRange")
    new = given.get("namedRange", {})
    old = _found(target, new.get("namedRangeId", ""))
    changed = {**fields_mask.merge(old, new, mask), "namedRangeId": old["namedRangeId"]}
    changed["range"] = _range(target, changed)
    _check_name(target, changed)
    ranges = target.workbook.named_ranges
    target.workbook.named_ranges = tuple(changed if named is old else named for named in ranges)


def delete(target: Target, given: Json) -> None:
    """Forget a name; formulas that use it no longer know it."""
    old = _found(target, given.get("namedRangeId", ""))
    target.workbook.named_ranges = tuple(named for named in target.workbook.named_ranges if named is not old)


def _found(target: Target, number: str) -> Json:
    for named in target.workbook.named_ranges:
        if named["namedRangeId"] == number:
            return named
    raise invalid(f"No named range with id: {number}")
