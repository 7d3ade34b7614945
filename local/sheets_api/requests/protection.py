"""Requests on protected ranges."""

from __future__ import annotations

from local.sheets_api import fields_mask
from local.sheets_api.google_errors import PROTECTED, GoogleError, Json, invalid
from local.sheets_api.grid import Sheet
from local.sheets_api.requests.target import Target
from local.sheets_api.users import can_edit


def add(target: Target, given: Json) -> Json:
    """Protect a range; who protects may edit, and so may the owner."""
    protected = dict(given.get("protectedRange", {}))
    sheet = _checked(target, protected)
    number = protected.get("protectedRangeId") or target.workbook.new_id()
    protected = {"protectedRangeId": number, **protected, "requestingUserCanEdit": True}
    listed = protected.get("editors", {}).get("users", [])
    if not protected.get("warningOnly"):
        protected["editors"] = {
            **protected.get("editors", {}),
            "users": list(dict.fromkeys([*listed, target.user.email])),
        }
    sheet.protected[number] = protected
    shown = {name: value for name, value in protected.items() if value not in (False, None)}
    shown["range"] = {name: value for name, value in protected["range"].items() if name != "sheetId" or value}
    return {"protectedRange": {**shown, "editors": {"users": listed} if listed else {}}}


def _checked(target: Target, protected: Json) -> Sheet:
    if "range" not in protected:
        raise invalid("protectedRange.range must be specified.")
    if protected.get("warningOnly") and protected.get("editors", {}).get("users"):
        raise invalid("ProtectedRange is warningOnly. Editors cannot be set on it.")
    given = protected["range"]
    whole_sheet = not any(name.endswith("Index") for name in given)
    sheet, _ = target.workbook.grid_range(given)
    if whole_sheet and any(not any(n.endswith("Index") for n in p["range"]) for p in sheet.protected.values()):
        raise invalid(f'Sheet "{sheet.title}" already has sheet protection.')
    return sheet


def _found(target: Target, number: int) -> tuple[Sheet, Json]:
    for sheet in target.workbook.sheets:
        if number in sheet.protected:
            if not can_edit({**sheet.protected[number], "warningOnly": False}, target.workbook, target.user):
                raise GoogleError(400, PROTECTED)
            return sheet, sheet.protected[number]
    raise invalid(f"No protected range with id: {number}")


def update(target: Target, given: Json) -> None:
    """Change a protected range."""
    mask = fields_mask.update_mask(given, "ProtectedRange")
    new = given.get("protectedRange", {})
    sheet, old = _found(target, new.get("protectedRangeId", 0))
    sheet.protected[old["protectedRangeId"]] = {**old, **fields_mask.merge(old, new, mask)}


def delete(target: Target, given: Json) -> None:
    """Lift a protection."""
    number = given.get("protectedRangeId", 0)
    sheet, _ = _found(target, number)
    del sheet.protected[number]
