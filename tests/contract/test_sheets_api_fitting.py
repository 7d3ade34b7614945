"""The quick check and jsonschema come to the same verdict about what fits the discovery document."""

from __future__ import annotations

import pytest

from local.sheets_api import discovery, fitting, validation
from local.sheets_api.google_errors import GoogleError, Json

CELL = {"userEnteredValue": {"stringValue": "x"}, "userEnteredFormat": {"textFormat": {"bold": True}}}
FITS: list[tuple[str, Json]] = [
    ("spreadsheets.batchUpdate", {"requests": [{"updateCells": {"rows": [{"values": [CELL]}], "fields": "*"}}]}),
    ("spreadsheets.batchUpdate", {"requests": [{"sortRange": {"range": {"sheetId": 0}, "sortSpecs": []}}]}),
    ("spreadsheets.values.update", {"majorDimension": "ROWS", "values": [["x", 1, None, True], []]}),
    ("spreadsheets.values.batchGetByDataFilter", {"dataFilters": [{"a1Range": "A1"}]}),
    ("spreadsheets.values.clear", {}),
]
DOES_NOT: list[tuple[str, Json]] = [
    ("spreadsheets.batchUpdate", {"requests": [{"updateCells": {"rows": [{"valuez": [CELL]}]}}]}),
    ("spreadsheets.batchUpdate", {"requests": {"updateCells": {}}}),
    ("spreadsheets.batchUpdate", {"requests": [{"deleteSheet": {"sheetId": True}}]}),
    ("spreadsheets.batchUpdate", {"requests": [{"deleteSheet": {"sheetId": "0"}}]}),
    ("spreadsheets.batchUpdate", {"requests": [{"deleteSheet": []}]}),
    ("spreadsheets.values.update", {"majorDimension": "DIAGONAL"}),
    ("spreadsheets.values.update", {"majorDimension": ["ROWS"]}),
    ("spreadsheets.values.update", {"values": ["x"]}),
    ("spreadsheets.values.update", {"values": "x"}),
    ("spreadsheets.values.clear", {"range": "A1"}),
]


@pytest.mark.parametrize(("method", "body"), FITS)
def test_what_fits_passes_both(method: str, body: Json) -> None:
    """A quick yes is a yes of jsonschema."""
    described = discovery.methods()[method]
    assert described.request is not None
    assert fitting.of_schema(described.request)(body)
    assert not list(validation._validator(described.request).iter_errors(body))  # the slow way, by itself


@pytest.mark.parametrize(("method", "body"), DOES_NOT)
def test_what_does_not_fit_passes_neither(method: str, body: Json) -> None:
    """No quick yes, and a 400."""
    described = discovery.methods()[method]
    assert described.request is not None
    assert not fitting.of_schema(described.request)(body)
    with pytest.raises(GoogleError) as caught:
        validation.check_request(described, body)
    assert caught.value.code == 400


def test_an_answer_against_the_document_is_the_emulators_own_fault() -> None:
    """It is said loudly, not sent."""
    with pytest.raises(validation.BadAnswer, match="rangee"):
        validation.check_answer(discovery.methods()["spreadsheets.values.get"], {"rangee": "A1"})
