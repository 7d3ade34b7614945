"""Anchors: developer metadata on a column, which follows it wherever people move it, as requests of `batchUpdate`."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from functions.sheets.grid import ANCHOR_KEY, RowBlock


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
    """Return a data filter that selects the anchor, wherever it is."""
    return {"developerMetadataLookup": {"metadataId": anchor}}


def proof_of_edit() -> list[dict[str, Any]]:
    """Return requests that create spreadsheet metadata and delete it again: only an editor may, and nothing stays."""
    # Never empty: a lookup without a key matches everything, and a delete by it would take every anchor.
    key = f"{ANCHOR_KEY}-proof-{secrets.token_hex(16)}"
    mark = {"metadataKey": key, "location": {"spreadsheet": True}, "visibility": "PROJECT"}
    lookup = {"metadataKey": key, "visibility": "PROJECT"}
    return [
        {"createDeveloperMetadata": {"developerMetadata": mark}},
        {"deleteDeveloperMetadata": {"dataFilter": {"developerMetadataLookup": lookup}}},
    ]


def unmoved(places: Mapping[int, int], seen: RowBlock) -> list[dict[str, Any]]:
    """Return requests that change nothing, and that Google refuses unless each anchor is in the given column.

    They guard the requests that follow them, since a batch is carried out as a whole or not at all. Each anchor is
    deleted at its place and created there again: if it stands elsewhere, it is not deleted, and an id that is taken
    cannot be created. Where it is gone with its column, the tab is narrower: nothing can be created in its last column.

    Args:
        places: anchor → its column, from 0.
        seen: the tab, and for which fields its columns were made.
    """
    edge, sheet_id = f"{ANCHOR_KEY}-edge-{secrets.token_hex(8)}", seen.tab.sheet_id
    last = {"metadataKey": edge, "location": {"dimensionRange": column_at(sheet_id, seen.tab.columns - 1)}}
    requests: list[dict[str, Any]] = [
        {"createDeveloperMetadata": {"developerMetadata": last | {"visibility": "PROJECT"}}},
        {"deleteDeveloperMetadata": {"dataFilter": {"developerMetadataLookup": {"metadataKey": edge}}}},
    ]
    for anchor, place in places.items():
        here = {"metadataId": anchor, "metadataLocation": {"dimensionRange": column_at(sheet_id, place)}}
        requests += [
            {"deleteDeveloperMetadata": {"dataFilter": {"developerMetadataLookup": here}}},
            anchored_at(anchor, sheet_id, place, made_for=seen.made_for.get(place, "")),
        ]
    return requests


def deletion(places: Mapping[int, int], seen: RowBlock) -> list[dict[str, Any]]:
    """Return requests that delete the anchored columns; Google refuses all of them if one anchor is elsewhere.

    Arguments are those of `unmoved`. An anchor dies with its column.
    """
    return unmoved(places, seen) + [
        {"deleteDimension": {"range": column_at(seen.tab.sheet_id, place)}}
        for place in sorted(places.values(), reverse=True)
    ]
