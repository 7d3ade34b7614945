"""URLs to methods."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import unquote

from local.sheets_api import spreadsheet_methods, value_methods
from local.sheets_api.calls import Call
from local.sheets_api.google_errors import GoogleError, Json

Handler = Callable[[Call], Json]

HANDLERS: dict[str, Handler] = {
    "spreadsheets.create": spreadsheet_methods.create,
    "spreadsheets.get": spreadsheet_methods.get,
    "spreadsheets.getByDataFilter": spreadsheet_methods.get_by_data_filter,
    "spreadsheets.batchUpdate": spreadsheet_methods.batch_update,
    "spreadsheets.developerMetadata.get": spreadsheet_methods.get_metadata,
    "spreadsheets.developerMetadata.search": spreadsheet_methods.search_metadata,
    "spreadsheets.values.get": value_methods.get,
    "spreadsheets.values.update": value_methods.update,
    "spreadsheets.values.clear": value_methods.clear,
    "spreadsheets.values.append": value_methods.append,
    "spreadsheets.values.batchGet": value_methods.batch_get,
    "spreadsheets.values.batchUpdate": value_methods.batch_update,
    "spreadsheets.values.batchClear": value_methods.batch_clear,
    "spreadsheets.values.batchGetByDataFilter": value_methods.batch_get_by_data_filter,
    "spreadsheets.values.batchUpdateByDataFilter": value_methods.batch_update_by_data_filter,
    "spreadsheets.values.batchClearByDataFilter": value_methods.batch_clear_by_data_filter,
}
_VERBS_OF_A_RANGE = frozenset({"append", "clear"})


def route(http_method: str, raw_path: str) -> tuple[str, dict[str, str]]:
    """Return the method's id and the variables of its URL; `raw_path` is still percent-encoded, without its query.

    Raises GoogleError, 404, where Google has nothing.
    """
    parts = raw_path.strip("/").split("/")
    if parts[:2] == ["v4", "spreadsheets"]:
        rest = parts[2:]
        if not rest and http_method == "POST":
            return "spreadsheets.create", {}
        found = _of_spreadsheet(http_method, rest) if rest and rest[0] else None
        if found and found[0] in HANDLERS:
            return found
    raise GoogleError(404)


def _of_spreadsheet(http_method: str, rest: list[str]) -> tuple[str, dict[str, str]] | None:
    identifier, _, verb = rest[0].partition(":")
    path = {"spreadsheetId": unquote(identifier)}
    if len(rest) == 1:
        return (
            _expected(http_method, "POST", f"spreadsheets.{verb}", path)
            if verb
            else _expected(http_method, "GET", "spreadsheets.get", path)
        )
    collection, _, verb = rest[1].partition(":")
    if len(rest) == 2:
        wanted = "GET" if verb == "batchGet" else "POST"
        return _expected(http_method, wanted, f"spreadsheets.{collection}.{verb}", path)
    if collection == "developerMetadata":
        return _expected(http_method, "GET", "spreadsheets.developerMetadata.get", {**path, "metadataId": rest[2]})
    if collection != "values":
        return None
    text = unquote("/".join(rest[2:]))
    cells, colon, verb = text.rpartition(":")
    if http_method == "POST" and colon and verb in _VERBS_OF_A_RANGE:
        return f"spreadsheets.values.{verb}", {**path, "range": cells}
    ids = {"GET": "spreadsheets.values.get", "PUT": "spreadsheets.values.update"}
    return (ids[http_method], {**path, "range": text}) if http_method in ids else None


def _expected(given: str, wanted: str, method: str, path: dict[str, str]) -> tuple[str, dict[str, str]] | None:
    return (method, path) if given == wanted else None
