"""Anchors: developer metadata on a column, which follows it wherever people move it, as requests of `batchUpdate`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from functions.sheets.grid import ANCHOR_KEY


def column_at(sheet_id: int, column: int) -> dict[str, Any]:
    """Google's DimensionRange of one column, from 0."""
    return {"sheetId": sheet_id, "dimension": "COLUMNS", "startIndex": column, "endIndex": column + 1}


MAX_MADE_FOR = 100
"""In characters; a tab takes 30,000 of metadata in all. A custom field of a longer name is known by its title alone."""


def anchored_at(anchor: int, sheet_id: int, column: int, *, made_for: str = "") -> dict[str, Any]:
    """Creates an anchor; `made_for` is the name of the field that Leadfill made the column for, if it did."""
    entry = {
        "metadataId": anchor,
        "metadataKey": ANCHOR_KEY,
        "location": {"dimensionRange": column_at(sheet_id, column)},
        "visibility": "DOCUMENT",
    }
    if made_for and len(made_for) <= MAX_MADE_FOR:
        entry["metadataValue"] = made_for
    return {"createDeveloperMetadata": {"developerMetadata": entry}}


def the_anchor(anchor: int) -> dict[str, Any]:
    """A data filter that selects it, wherever it is."""
    return {"developerMetadataLookup": {"metadataId": anchor}}


def deletion(places: Mapping[int, int], sheet_id: int) -> list[dict[str, Any]]:
    """Deletes columns where their anchors stand; Google refuses it as a whole if one of them stands elsewhere.

    For then that anchor is not deleted, and an id that is taken cannot be created: a comparison and a change in one.
    """
    requests: list[dict[str, Any]] = []
    for anchor, place in places.items():
        here = {"metadataId": anchor, "metadataLocation": {"dimensionRange": column_at(sheet_id, place)}}
        mark = {"metadataId": anchor, "metadataKey": ANCHOR_KEY, "visibility": "DOCUMENT"}
        requests += [
            {"deleteDeveloperMetadata": {"dataFilter": {"developerMetadataLookup": here}}},
            {"createDeveloperMetadata": {"developerMetadata": mark | {"location": {"spreadsheet": True}}}},
            {"deleteDeveloperMetadata": {"dataFilter": the_anchor(anchor)}},
        ]
    columns = sorted(places.values(), reverse=True)
    return requests + [{"deleteDimension": {"range": column_at(sheet_id, place)}} for place in columns]
