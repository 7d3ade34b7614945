"""The emulator answers what Google answered: real exchanges, recorded by others, replayed request by request.

Ids that Google chose are learned from its answers and must then stand for the same thing throughout; e-mail addresses
are those of whoever asked. All else is compared to the letter.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from local.sheets_api.client import SheetsEmulator

DATA = Path(__file__).parents[3] / "shared" / "data"
RECORDINGS = {path.stem: path for folder in ("", "_more") for path in DATA.glob(f"gspread_cassettes{folder}/*.json")}
NAMES = sorted(RECORDINGS)
COVERED = frozenset(
    f"{group}.test_{name}"
    for group, names in {
        "CellTest": """
            a1_value define_named_range delete_named_range equality merge_cells properties update_named_range
        """,
        "ClientTest": """
            access_non_existing_spreadsheet access_private_spreadsheet add_timeout create no_found_exeption
            open_by_key_has_metadata open_by_name_has_metadata
        """,
        "SpreadsheetTest": """
            add_del_worksheet bad_json_api_error get_worksheet get_worksheet_by_id properties sheet1
            timezone_and_locale update_title values_get worksheet worksheets worksheets_exclude_hidden
        """,
        "WorksheetTest": """
            acell add_protected_range_normal add_protected_range_warning add_validation append_row
            append_row_with_empty_value_and_table_range auto_resize_columns basic_filters batch_clear batch_get cell
            clear_tab_color copy_cut_range delete_protected_range delete_row find findall format freeze get_all_records
            get_all_records_different_header get_all_records_duplicate_keys
            get_all_records_numericise_unformatted get_all_records_pad_more_than_one_key
            get_all_records_pad_one_key get_all_records_pad_values
            get_all_records_with_all_values_blank get_all_records_with_blank_final_headers
            get_all_records_with_keys_blank get_all_records_with_some_values_blank get_all_values
            get_all_values_title_is_a1_notation get_and_get_values_have_same_signature
            get_merge_cells_and_unmerge_cells get_notes get_returns_ValueRange_with_metadata
            get_values_and_combine_merged_cells
            get_values_and_maintain_size get_values_can_emulate_get_with_kwargs
            get_values_merge_cells_from_centre_of_sheet get_values_merge_cells_outside_of_range
            get_values_returns_padded_get_as_listoflists get_values_with_args_or_kwargs group_columns
            hide_columns_rows hide_gridlines insert_row range range_get_all_values range_reversed resize
            set_tab_color show_gridlines
            update_acell update_cell update_cell_multiline update_cell_objects update_cells
            update_cells_unicode update_title update_works_with_swapped_values_and_range
            worksheet_notes worksheet_update_index
        """,
    }.items()
    for name in names.split()
)
"""This list only grows: one that fails, and one that passes without being listed, are both a failure."""
LEFT_OUT = {
    "ClientTest.test_open_all_has_metadata": "reads spreadsheets that were made before the recording began",
    "ClientTest.test_openall": "reads spreadsheets that were made before the recording began",
}
"""The recordings that the emulator cannot answer, and why."""

IDS = frozenset({"sheetId", "protectedRangeId", "metadataId", "namedRangeId", "spreadsheetId", "id"})
EMAIL = re.compile(r"[^@ ]+@[^@ ]+")
ME = "me@example.com"


class Unlike(Exception):
    """The emulator answered something else than Google."""


class Replay:
    """One recording against one emulator."""

    def __init__(self, emulator: SheetsEmulator) -> None:
        self.emulator = emulator
        self.mine: dict[Any, Any] = {}
        """Google's ids to the emulator's."""
        self.token = emulator.token(ME)
        self.stranger = emulator.token("stranger@example.com", spreadsheets=[])

    def run(self, interactions: list[dict[str, Any]]) -> None:
        """Replay everything. Raises Unlike."""
        for number, interaction in enumerate(interactions):
            asked, answered = interaction["request"], interaction["response"]
            what = f"request {number}: {asked['method']} {urlsplit(asked['uri']).path}"
            if urlsplit(asked["uri"]).hostname == "sheets.googleapis.com":
                self.ask(what, asked, answered)
            else:
                self.keep_files(asked, answered)

    def keep_files(self, asked: dict[str, Any], answered: dict[str, Any]) -> None:
        """What Drive did: make a workbook, rename it, delete it."""
        identifier = urlsplit(asked["uri"]).path.rpartition("/")[2]
        if asked["method"] == "POST":
            named = json.loads(asked["body"])["name"]
            google = json.loads(answered["body"]["string"])["id"]
            self.mine[google] = self.emulator.spreadsheet(title=named, sheet="Sheet1", owner=ME)
        elif asked["method"] == "DELETE":
            self.emulator.delete(self.mine[identifier])
        else:
            assert asked["method"] == "GET", asked  # only looks

    def ask(self, what: str, asked: dict[str, Any], answered: dict[str, Any]) -> None:
        """One request to Sheets."""
        url = urlsplit(asked["uri"])
        google_id = re.split(r"[/:]", url.path)[3]
        status = answered["status"]["code"]
        if status == 403 and google_id not in self.mine:
            self.mine[google_id] = self.emulator.spreadsheet(title="Somebody else's")
        path = url.path.replace(google_id, self.mine.get(google_id, google_id))
        body = asked["body"] if not asked["body"] else json.dumps(self.translated(json.loads(asked["body"])))
        mine = requests.request(
            asked["method"],
            f"{self.emulator.url}{path}?{url.query}",
            data=body,
            headers={"Authorization": f"Bearer {self.stranger if status == 403 else self.token}"},
            timeout=60,
        )
        google = json.loads(answered["body"]["string"])
        if mine.status_code != status:
            raise Unlike(f"{what}\nbody: {body}\nGoogle: {status} {google}\nmine: {mine.status_code} {mine.text}")
        self.compare(f"{what}\nbody: {body}\nat ", google, mine.json())

    def translated(self, value: Any) -> Any:  # noqa: ANN401 - JSON
        """Return a recorded request with the emulator's ids."""
        if isinstance(value, dict):
            return {
                name: self.mine.get(item, item) if name in IDS and not isinstance(item, dict) else self.translated(item)
                for name, item in value.items()
            }
        return [self.translated(item) for item in value] if isinstance(value, list) else value

    def compare(self, where: str, google: Any, mine: Any) -> None:  # noqa: ANN401 - JSON
        """Raise Unlike where the two differ in more than ids."""
        name = where.rpartition(".")[2]
        if isinstance(google, dict) and isinstance(mine, dict):
            if google.keys() != mine.keys():
                raise Unlike(f"{where}\nGoogle: {google}\nmine: {mine}")
            for key, value in google.items():
                self.compare(f"{where}.{key}", value, mine[key])
        elif isinstance(google, list) and isinstance(mine, list) and len(google) == len(mine):
            for index, value in enumerate(google):
                self.compare(f"{where}[{index}]", value, mine[index])
        elif name in IDS or (EMAIL.fullmatch(str(google)) and EMAIL.fullmatch(str(mine))):
            known = self.mine.setdefault(google, mine)
            if known != mine:
                raise Unlike(f"{where}: {google} was {known} before, and is now {mine}")
        elif name == "spreadsheetUrl":
            self.compare(f"{where}(shape)", re.sub(r"/d/[^/]+", "", google), re.sub(r"/d/[^/]+", "", mine))
        elif type(google) is not type(mine) or google != mine:
            raise Unlike(f"{where}\nGoogle: {google!r}\nmine: {mine!r}")


@pytest.fixture(scope="module")
def emulator() -> Iterator[SheetsEmulator]:
    """One process for all recordings."""
    with SheetsEmulator() as running:
        yield running


def test_the_recordings_are_there() -> None:
    """Without the recordings nothing here is proved: that shows as a skip, not as a pass."""
    if not NAMES:
        pytest.skip(f"no recordings of Google's API in {DATA}")
    assert set(NAMES) == COVERED | LEFT_OUT.keys()


@pytest.mark.parametrize("name", NAMES)
def test_every_answer_is_googles(name: str, emulator: SheetsEmulator) -> None:
    """Each request of a listed recording is answered as Google answered it; an unlisted one is not yet."""
    interactions = json.loads(RECORDINGS[name].read_text())["interactions"]
    try:
        Replay(emulator).run(interactions)
    except Unlike:
        if name in COVERED:
            raise
        pytest.skip(LEFT_OUT[name])
    assert name in COVERED, f"{name} passes: put it on the list, which only grows"
