"""One call of an API method, decoded; and whether a method reads or writes."""

from __future__ import annotations

from dataclasses import dataclass, field

from local.sheets_api.google_errors import GoogleError, Json
from local.sheets_api.users import User
from local.sheets_api.workbook import Workbook

READS = frozenset(
    {
        "spreadsheets.get",
        "spreadsheets.getByDataFilter",
        "spreadsheets.values.get",
        "spreadsheets.values.batchGet",
        "spreadsheets.values.batchGetByDataFilter",
        "spreadsheets.developerMetadata.get",
        "spreadsheets.developerMetadata.search",
    }
)
"""The methods that count as reads for the quota; every other one is a write."""


@dataclass(slots=True)
class Call:
    """A method's arguments: `path` are the variables of its URL. `changed` collects what it changed, in A1 notation."""

    workbooks: dict[str, Workbook]
    user: User
    method: str
    path: dict[str, str]
    query: Json
    body: Json
    by_hand: bool = False
    """Whether the emulator's own control calls, in the place of the person in the browser."""
    changed: list[str] = field(default_factory=list)
    seen: int | None = None
    """The revision that a window showed when somebody typed there; None: the call is not a window's."""
    window: str = ""
    """Which window called, so that it knows its own changes again."""

    @property
    def reads(self) -> bool:
        """Whether the call only reads."""
        return self.method in READS

    @property
    def workbook(self) -> Workbook:
        """The spreadsheet of the URL. Raises GoogleError, 404 or 403."""
        found = self.workbooks.get(self.path["spreadsheetId"])
        if found is None:
            raise GoogleError(404)
        self.user.check(found, write=not self.reads)
        return found
