"""Reads values of a provider's answer and puts them into the shape of a lead. Pure; nothing here raises.

The shape and its names are those of Slintel's documentation, since the field catalogue reads them. An answer may hold
null, a boolean or another kind of value anywhere: a value that is not of the expected kind counts as absent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from functions.fields.merge import address
from functions.outcomes import Lead

_SIZES = {
    10: "1-10",
    50: "11-50",
    200: "51-200",
    500: "201-500",
    1_000: "501-1000",
    5_000: "1001-5000",
    10_000: "5001-10000",
}
_LARGEST_SIZE = "10001+"


def at(value: object, *path: str) -> object:
    """Return the value at a path of keys; None if the path leaves the objects."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def text(value: object, *path: str) -> str | None:
    """Text that is not blank."""
    found = at(value, *path)
    return found if isinstance(found, str) and found.strip() else None


def texts(value: object, *path: str) -> list[str]:
    """The texts of a list, or a single text as a list."""
    found = at(value, *path)
    return [item for item in found if text(item)] if isinstance(found, list) else [found] if text(found) else []  # type: ignore[list-item] # `text` has proved it


def entries(value: object, *path: str) -> list[dict[str, Any]]:
    """The objects of a list."""
    found = at(value, *path)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def email(value: object, *, status: object = None) -> str | None:
    """An address that can be written to, see `merge.address`; None if there is none, or one that is known to bounce.

    Args:
        value: where the provider has the address; plans without contact data have `true` there.
        status: the provider's word on the address.
    """
    is_bounced = isinstance(status, str) and status.casefold() == "bounced"
    return None if is_bounced else address(value) or None


def year(value: object) -> int | None:
    """The year of a partial date such as `2016`, `"2016"`, `"2016-01"` or `"2016-01-31"`."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if 1900 <= value <= 2100 else None
    found = re.match(r"(19|20)[0-9]{2}(?![0-9])", text(value) or "")
    return int(found[0]) if found else None


def unix_time(value: object) -> int | None:
    """An ISO date or time as Unix seconds; UTC where it names no zone."""
    try:
        moment = datetime.fromisoformat(text(value) or "")
    except ValueError:
        return None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def size_range(employees: object) -> str | None:
    """The range of company sizes that holds a head count."""
    if not isinstance(employees, int) or isinstance(employees, bool) or employees < 1:
        return None
    return next((size for most, size in _SIZES.items() if employees <= most), _LARGEST_SIZE)


def lead(values: Mapping[str, object]) -> Lead:
    """The lead without what is absent."""
    return {key: value for key, value in values.items() if value not in (None, "", [], {})}
