"""`make run FILES=…` reads files as the command line does: any encoding and dialect, links behind names."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from local.lists.errors import BadFile
from local.sheets_api.cells import Formula
from local.sheets_api.files import load, to_xlsx

FILES = Path(__file__).parent / "files"


@pytest.mark.parametrize("name", ["excel-german.csv", "excel-unicode-text.txt", "excel-french-sep.csv", "kaspr.tsv"])
def test_a_list_of_another_country_has_its_columns(name: str) -> None:
    sheet = load(FILES / name).sheets[0]
    assert all(isinstance(sheet.rows[row].cell(2 if "kaspr" not in name else 1), str) for row in (0, 1))
    assert any("lead-01" in str(cell) for cell in sheet.rows[1].cells)


def test_a_link_behind_a_name_is_kept() -> None:
    cell = load(FILES / "links-behind-names.xlsx").sheets[0].rows[1].cell(0)
    assert isinstance(cell, Formula)
    assert (cell.value, cell.link) == ("Lead One", "https://www.linkedin.com/in/lead-01")


def test_a_name_that_lies_is_seen_through(tmp_path: Path) -> None:
    lying = tmp_path / "leads.csv"
    shutil.copy(FILES / "excel.xlsx", lying)
    assert load(lying).sheets[0].title == "Leads"
    with pytest.raises(BadFile, match="Numbers"):
        load(FILES / "leads.numbers")


def test_hidden_rows_stay_hidden(tmp_path: Path) -> None:
    workbook = load(FILES / "filtered-and-hidden.xlsx")
    saved = tmp_path / "saved.xlsx"
    saved.write_bytes(to_xlsx(workbook))
    for book in (workbook, load(saved)):
        assert [number for number, row in enumerate(book.sheets[0].rows, 1) if row.line.hidden] == [3, 5, 8, 9]
