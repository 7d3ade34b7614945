"""Developer metadata: created at, found by, and deleted from a place; it travels because it is kept at that place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from local.sheets_api.a1 import Area, Box
from local.sheets_api.google_errors import Json, invalid, naming
from local.sheets_api.grid import Dimension, Line, Metadata, Sheet
from local.sheets_api.workbook import Workbook

MAX_CHARACTERS = 30_000
"""Of keys and values together, for the spreadsheet and for each sheet with its rows and columns."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry is: the spreadsheet (no sheet), a sheet (no dimension), or one row or column of it."""

    sheet: Sheet | None = None
    dimension: Dimension | None = None
    index: int = 0

    @property
    def kind(self) -> str:
        """A word of Google's DeveloperMetadataLocationType."""
        if self.sheet is None:
            return "SPREADSHEET"
        return {"ROWS": "ROW", "COLUMNS": "COLUMN", None: "SHEET"}[self.dimension]

    @property
    def area(self) -> Area | None:
        """The cells that an entry here selects; None for the spreadsheet."""
        if self.sheet is None:
            return None
        if self.dimension == "ROWS":
            return Area(top=self.index, bottom=self.index + 1)
        if self.dimension == "COLUMNS":
            return Area(left=self.index, right=self.index + 1)
        return Area()

    def resource(self) -> Json:
        """Return it as Google's DeveloperMetadataLocation."""
        if self.sheet is None:
            return {"locationType": "SPREADSHEET", "spreadsheet": True}
        if self.dimension is None:
            return {"locationType": "SHEET", "sheetId": self.sheet.id}
        named = {"sheetId": self.sheet.id} if self.sheet.id else {}
        span = {"dimension": self.dimension, "startIndex": self.index, "endIndex": self.index + 1}
        return {"locationType": self.kind, "dimensionRange": {**named, **span}}


Located = tuple[Metadata, Place]


def located(workbook: Workbook, project: str) -> Iterator[Located]:
    """Yield every entry that a caller of this cloud project may see, with its place."""
    for entry, place in _everywhere(workbook):
        if entry.visibility == "DOCUMENT" or entry.project == project:
            yield entry, place


def _everywhere(workbook: Workbook) -> Iterator[Located]:
    for entry in workbook.metadata:
        yield entry, Place()
    for sheet in workbook.sheets:
        yield from ((entry, Place(sheet)) for entry in sheet.metadata)
        for index, column in enumerate(sheet.columns):
            for entry in column.metadata:
                yield entry, Place(sheet, "COLUMNS", index)
        for index, line in sheet.lines():
            for entry in line.metadata:
                yield entry, Place(sheet, "ROWS", index)


def resource(entry: Metadata, place: Place) -> Json:
    """Return an entry as Google's DeveloperMetadata."""
    shown: Json = {"metadataId": entry.id, "metadataKey": entry.key}
    if entry.value:
        shown["metadataValue"] = entry.value
    return {**shown, "location": place.resource(), "visibility": entry.visibility}


def place_of(workbook: Workbook, location: Json) -> Place:
    """Return the place that a DeveloperMetadataLocation of a request names. Raises GoogleError, 400."""
    if location.get("spreadsheet"):
        return Place()
    if (span := location.get("dimensionRange")) is not None:
        sheet, dimension, start, end = workbook.dimension_range(span)
        size = len(sheet.rows) if dimension == "ROWS" else len(sheet.columns)
        if end - start != 1:
            raise invalid("DimensionRange must represent a single row or column.")
        if end > size:
            raise invalid(f"dimensionRange.endIndex[{end}] is beyond the end of the sheet[{size}].")
        return Place(sheet, dimension, start)
    if "sheetId" in location:
        return Place(workbook.sheet_by_id(location["sheetId"], "sheet"))
    raise invalid("developerMetadata.location must be specified.")


def create(workbook: Workbook, given: Json, project: str) -> Located:
    """Attach an entry. Raises GoogleError, 400, where something is missing, taken or too long."""
    for name in ("metadataKey", "visibility", "location"):
        if not given.get(name):
            raise invalid(f"developerMetadata.{name} must be specified.")
    number = given.get("metadataId") or workbook.new_id()
    taken = not workbook.choices.taken_id_accepted and any(entry.id == number for entry in workbook.all_metadata())
    if taken or (workbook.choices.freed_id_stays_taken and number in workbook.ids_before_batch):
        raise invalid(
            f"Cannot add developer metadata with ID [{number}] because developer metadata with that ID already exists."
        )
    entry = Metadata(number, given["metadataKey"], given.get("metadataValue", ""), given["visibility"], project)
    place = place_of(workbook, given["location"])
    used = sum(len(e.key) + len(e.value) for e, p in _everywhere(workbook) if p.sheet is place.sheet)
    if used + len(entry.key) + len(entry.value) > MAX_CHARACTERS:
        raise invalid(f"Developer metadata may hold at most {MAX_CHARACTERS} characters per sheet and per spreadsheet.")
    attach(workbook, entry, place)
    return entry, place


def attach(workbook: Workbook, entry: Metadata, place: Place) -> None:
    """Keep an entry at a place."""
    _store(workbook, place, (*_kept(workbook, place), entry))


def remove(workbook: Workbook, entry: Metadata, place: Place) -> None:
    """Detach an entry."""
    _store(workbook, place, tuple(other for other in _kept(workbook, place) if other.id != entry.id))


def _kept(workbook: Workbook, place: Place) -> tuple[Metadata, ...]:
    if place.sheet is None:
        return workbook.metadata
    return place.sheet.metadata if place.dimension is None else _line(place).metadata


def _line(place: Place) -> Line:
    assert place.sheet is not None  # noqa: S101  # tells the type checker what `dimension` implies
    assert place.dimension is not None  # noqa: S101  # as above
    return Workbook.line_of(place.sheet, place.dimension, place.index)


def _store(workbook: Workbook, place: Place, entries: tuple[Metadata, ...]) -> None:
    if place.sheet is None:
        workbook.metadata = entries
    elif place.dimension is None:
        place.sheet.metadata = entries
    else:
        Workbook.set_line(place.sheet, place.dimension, place.index, replace(_line(place), metadata=entries))


def look_up(workbook: Workbook, lookup: Json, project: str) -> list[Located]:
    """Return the entries that match all that a DeveloperMetadataLookup says; an empty one matches everything.

    A location "assumes a default value of INTERSECTING" (reference of DeveloperMetadataLookup).

    Raises GoogleError, 400.
    """
    wanted: Place | None = None
    strategy = lookup.get("locationMatchingStrategy")
    if "metadataLocation" in lookup:
        with naming("developerMetadataLookup.metadataLocation"):
            wanted = place_of(workbook, lookup["metadataLocation"])
        if wanted.sheet is None and strategy == "INTERSECTING_LOCATION":  # seen by others on the live API
            raise invalid("INTERSECTING_LOCATION cannot be used with the location of the spreadsheet.")
    elif strategy:
        raise invalid("A metadataLocation must be specified with a locationMatchingStrategy.")
    intersecting = strategy != "EXACT_LOCATION"
    return [
        (entry, place)
        for entry, place in located(workbook, project)
        if lookup.get("metadataId") in {None, entry.id}
        and lookup.get("metadataKey") in {None, entry.key}
        and lookup.get("metadataValue") in {None, entry.value}
        and lookup.get("visibility") in {None, entry.visibility}
        and lookup.get("locationType") in {None, place.kind}
        and (wanted is None or wanted == place or (intersecting and _meet(wanted, place)))
    ]


def _meet(one: Place, other: Place) -> bool:
    """Whether two places share a cell; the spreadsheet's own place meets none (seen by others on the live API)."""
    if one.sheet is None or one.sheet is not other.sheet:
        return False
    return one.dimension is None or other.dimension is None or one.dimension != other.dimension


def within(workbook: Workbook, sheet: Sheet, box: Box, project: str) -> list[Located]:
    """Return the entries of a sheet's rows and columns that cross an area, and those of the sheet itself."""
    found = []
    for entry, place in located(workbook, project):
        if place.sheet is sheet and place.area and sheet.fit(place.area, clip=True).intersects(box):
            found.append((entry, place))
    return found
