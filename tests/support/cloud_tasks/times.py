"""Durations and instants as Google's JSON writes them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from local.sheets_api.google_errors import invalid

_DURATION = re.compile(r"(-?\d+(?:\.\d{1,9})?)s")


def duration_s(text: str, place: str) -> float:
    """`3.5s` → 3.5. Raises GoogleError, 400."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise invalid(f"Invalid value at '{place}' (type.googleapis.com/google.protobuf.Duration), \"{text}\"")
    return float(found[1])


def duration(seconds: float) -> str:
    """3.5 → `3.500s`, 60 → `60s`."""
    return f"{int(seconds)}s" if seconds == int(seconds) else f"{seconds:.3f}s"


def instant_s(text: str, place: str) -> float:
    """RFC 3339 → seconds since 1970. Raises GoogleError, 400."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise invalid(f"Invalid value at '{place}' (type.googleapis.com/google.protobuf.Timestamp), \"{text}\"")
    return instant.timestamp()


def instant(seconds: float) -> str:
    """Seconds since 1970 → RFC 3339 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
