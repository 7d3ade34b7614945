"""Google's own client on an emulator's spreadsheet, for the tests of the emulator; and the JSON that they share."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

from local.sheets_api.client import SheetsEmulator

Json = dict[str, Any]


class Client:
    """Google's client, holding one spreadsheet."""

    def __init__(self, emulator: SheetsEmulator, token: str, spreadsheet: str) -> None:
        self.id = spreadsheet
        credentials = Credentials(token)  # type: ignore[no-untyped-call] # google-auth leaves it untyped
        options = {"api_endpoint": emulator.url}
        self.api: Any = build(
            "sheets", "v4", static_discovery=True, credentials=credentials, client_options=options
        ).spreadsheets()

    def get(self, cells: str, **options: Any) -> list[list[Any]]:  # noqa: ANN401 - any option of values.get
        """The values of a range."""
        answer: Json = self.api.values().get(spreadsheetId=self.id, range=cells, **options).execute()
        found: list[list[Any]] = answer.get("values", [])
        return found

    def put(self, cells: str, values: list[list[Any]], option: str = "RAW", **options: Any) -> Json:  # noqa: ANN401 - of values.update
        """Write a range."""
        call = self.api.values().update(
            spreadsheetId=self.id, range=cells, valueInputOption=option, body={"values": values}, **options
        )
        answer: Json = call.execute()
        return answer

    def change(self, *changes: Json) -> list[Json]:
        """Carry out a batchUpdate and return its replies."""
        answer: Json = self.api.batchUpdate(spreadsheetId=self.id, body={"requests": list(changes)}).execute()
        replies: list[Json] = answer["replies"]
        return replies

    def resource(self, fields: str, **options: Any) -> Json:  # noqa: ANN401 - of spreadsheets.get
        """The masked spreadsheet."""
        answer: Json = self.api.get(spreadsheetId=self.id, fields=fields, **options).execute()
        return answer


ClientOf = Callable[..., Client]


def refusal(call: Any) -> tuple[int, str, Json]:  # noqa: ANN401 - a request of Google's client
    """The status, sentence and error of a call that must fail."""
    with pytest.raises(HttpError) as caught:
        call.execute()
    error: Json = json.loads(caught.value.content)["error"]
    assert error["code"] == caught.value.status_code
    return caught.value.status_code, error["message"], error


def span(dimension: str, start: int, end: int) -> Json:
    """A DimensionRange of the first sheet."""
    return {"sheetId": 0, "dimension": dimension, "startIndex": start, "endIndex": end}


def cells(top: int, left: int, bottom: int, right: int) -> Json:
    """A GridRange of the first sheet."""
    corners = {"startRowIndex": top, "startColumnIndex": left, "endRowIndex": bottom, "endColumnIndex": right}
    return {"sheetId": 0, **corners}


def anchor(key: str, column: int, value: str = "") -> Json:
    """A request that attaches developer metadata to a column."""
    entry = {"metadataKey": key, "metadataValue": value, "visibility": "PROJECT"}
    location = {"dimensionRange": span("COLUMNS", column, column + 1)}
    return {"createDeveloperMetadata": {"developerMetadata": {**entry, "location": location}}}


def by_key(key: str) -> Json:
    """A data filter."""
    return {"developerMetadataLookup": {"metadataKey": key}}
