"""Requests on developer metadata."""

from __future__ import annotations

from dataclasses import replace

from local.sheets_api import fields_mask, filters, metadata
from local.sheets_api.google_errors import Json, invalid
from local.sheets_api.requests.target import Target


def create(target: Target, given: Json) -> Json:
    """Attach an entry to the spreadsheet, a sheet, a row or a column."""
    entry, place = metadata.create(target.workbook, given.get("developerMetadata", {}), target.user.project)
    return {"developerMetadata": metadata.resource(entry, place)}


def delete(target: Target, given: Json) -> Json:
    """Detach every entry that a data filter selects. Raises GoogleError, 400, for none, if `choices` say so."""
    found = filters.entries(target.workbook, given.get("dataFilter", {}), target.user.project)
    if target.workbook.choices.delete_misses_its_batch:
        found = [located for located in found if located[0].id in target.workbook.ids_before_batch]
    if not found and target.workbook.choices.deleting_nothing_refused:
        raise invalid("No developer metadata matches the data filter.")
    for entry, place in found:
        metadata.remove(target.workbook, entry, place)
    deleted = [metadata.resource(entry, place) for entry, place in found]
    return {"deletedDeveloperMetadata": deleted} if deleted else {}


def update(target: Target, given: Json) -> Json:
    """Change every entry that the data filters select; a new location moves it."""
    mask = fields_mask.update_mask(given, "DeveloperMetadata")
    new = given.get("developerMetadata", {})
    changed: dict[int, metadata.Located] = {}
    for data_filter in given.get("dataFilters", []):
        for entry, place in filters.entries(target.workbook, data_filter, target.user.project):
            changed[entry.id] = (entry, place)
    replies = []
    for entry, place in changed.values():
        names = {"metadataKey": "key", "metadataValue": "value", "visibility": "visibility"}
        taken = {own: new.get(name, "") for name, own in names.items() if fields_mask.wants(mask, name)}
        moved = fields_mask.wants(mask, "location") and "location" in new
        target_place = metadata.place_of(target.workbook, new["location"]) if moved else place
        metadata.remove(target.workbook, entry, place)
        renewed = replace(entry, **taken)
        metadata.attach(target.workbook, renewed, target_place)
        replies.append(metadata.resource(renewed, target_place))
    return {"developerMetadata": replies} if replies else {}
