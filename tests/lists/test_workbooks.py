"""A workbook keeps what belongs to others, seen or unseen, and a broken one is refused with a sentence."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.formula import ArrayFormula

from functions.fields import select
from local.lists import sheet_xml, workbook_file
from local.lists.errors import BadFile
from local.lists.layout import lay_out
from local.lists.opening import Choices, open_list
from local.lists.workbook_file import cells_of

SHEET, BOOK, RELATIONS = "xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
ROWS = [["Name", "LinkedIn", "Email"], *([f"Lead {n}", f"linkedin.com/in/lead-{n:03d}", None] for n in range(1, 5))]


def book(path: Path, change: Callable[[Any], object] | None = None) -> Path:
    """A list of four people without e-mail addresses."""
    made = openpyxl.Workbook()
    sheet: Any = made.active
    for cells in ROWS:
        sheet.append(cells)
    if change is not None:
        change(sheet)
    made.save(path)
    return path


def edited(path: Path, part: str, change: Callable[[str], str], **more: str) -> Path:
    """Change the XML of a part, and add others."""
    out = io.BytesIO()
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(out, "w") as after:
        for name in before.namelist():
            text = before.read(name).decode()
            after.writestr(name, change(text) if name == part else text)
        for name, text in more.items():
            after.writestr(name, text)
    path.write_bytes(out.getvalue())
    return path


def related(text: str, part: str) -> str:
    """Relate the workbook to another part."""
    relation = f'<Relationship Id="{part}" Type="x/{part}" Target="{part}.xml"/></Relationships>'
    return text.replace("</Relationships>", relation)


def filled(path: Path) -> tuple[dict[str, object], Path]:
    """Write an address wherever there is room; returns the cells of the result's e-mail column, and where it is."""
    source, target = open_list(path, Choices()), path.with_name("out.xlsx")
    layout = lay_out(source.shape, select(["email"]))
    writer = source.create(target, layout)
    for row in source.rows(layout):
        values = (f"{row.number}@example.com",) if row.url else None
        writer.write(row.record, writer.render(row.held, values))
    writer.close()
    sheet = openpyxl.load_workbook(target).active
    assert sheet is not None
    return {cell.coordinate: cell.value for cell in sheet["C"][1:]}, target


def test_what_an_array_formula_fills_is_not_empty_even_where_it_shows_nothing(tmp_path: Path) -> None:
    """A value in the midst of an array is a file that Excel repairs."""

    def computed(sheet: Any) -> None:  # noqa: ANN401 - a worksheet
        sheet["C2"] = ArrayFormula("C2:C3", '=IF(A2:A3="x",A2:A3,"")')

    values, _ = filled(book(tmp_path / "leads.xlsx", computed))
    assert isinstance(values.pop("C2"), ArrayFormula)
    assert values == {"C3": None, "C4": "4@example.com", "C5": "5@example.com"}


def test_nothing_is_hidden_under_a_merged_cell(tmp_path: Path) -> None:
    values, _ = filled(book(tmp_path / "leads.xlsx", lambda sheet: sheet.merge_cells("C3:C4")))
    assert values == {"C2": "2@example.com", "C3": "3@example.com", "C4": None, "C5": "5@example.com"}


def test_formulas_are_calculated_when_the_result_is_opened(tmp_path: Path) -> None:
    """Excel shows what a formula last came to: `=COUNTA(C:C)` would still say 0."""
    path = book(tmp_path / "leads.xlsx")
    edited(path, RELATIONS, lambda text: related(text, "calcChain"), **{"xl/calcChain.xml": "<calcChain/>"})
    edited(path, BOOK, lambda text: re.sub("<calcPr[^>]*>", '<calcPr calcId="191029" fullCalcOnLoad="0"/>', text))
    _, target = filled(path)
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(target) as after:
        right = before.read(BOOK).decode().replace('fullCalcOnLoad="0"', 'fullCalcOnLoad="1"')
        assert after.read(BOOK).decode() == right
        assert after.read("xl/calcChain.xml") == before.read("xl/calcChain.xml")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda text: text.replace('<row r="2"', '<row r="two"'), "not numbered in order"),
        (lambda text: text.replace('<row r="3"', '<row r="9"'), "not numbered in order"),
        (lambda text: text.replace('<row r="3"', '<row r="2"'), "not numbered in order"),
        (lambda text: text.replace("</row></sheetData>", ""), "in the middle of a row"),
    ],
)
def test_a_broken_tab_is_refused_and_no_row_is_lost(
    tmp_path: Path, change: Callable[[str], str], sentence: str
) -> None:
    with pytest.raises(BadFile, match=sentence):
        filled(edited(book(tmp_path / "leads.xlsx"), SHEET, change))


@pytest.mark.parametrize(
    ("part", "change"),
    [
        (SHEET, lambda text: text.replace("<row", "<row " + " " * (1 << 22), 1)),
        (SHEET, lambda text: text.replace("</sheetData>", "</sheetData>" + " " * (1 << 22))),
        (RELATIONS, lambda text: related(text, "sharedStrings")),
        (BOOK, lambda text: text.replace("<sheets>", " " * (1 << 22) + "<sheets>")),
    ],
)
def test_a_bomb_is_refused_before_it_fills_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str, change: Callable[[str], str]
) -> None:
    """A few kilobytes of an archive can be gigabytes of XML; here the limits are smaller."""
    for module, limit in ((sheet_xml, "MAX_PIECE"), (sheet_xml, "MAX_TAIL"), (workbook_file, "MAX_PIECE")):
        monkeypatch.setattr(module, limit, 1 << 21)
    path = edited(
        book(tmp_path / "leads.xlsx"), part, change, **{"xl/sharedStrings.xml": "<sst><si>" + " " * (1 << 22)}
    )
    with pytest.raises(BadFile, match=r"(is|or) damaged"):
        filled(path)


def test_a_text_that_the_file_lacks_shows_nothing(tmp_path: Path) -> None:
    damaged = '<c r="A3" t="s"><v>three</v></c>'
    path = edited(book(tmp_path / "leads.xlsx"), SHEET, lambda text: re.sub('<c r="A3".*?</c>', damaged, text))
    source = open_list(path, Choices())
    assert [row.number for row in source.rows(lay_out(source.shape, ()))] == [2, 3, 4, 5]


def test_the_cells_of_an_area() -> None:
    assert cells_of("B2:C3") == [(2, 1), (2, 2), (3, 1), (3, 2)]
    assert cells_of("A7") == [(7, 0)]
    assert cells_of("A1:XFD1048576") == []
    assert cells_of("Leads!A1") == []
