"""Every file of the corpus, written after a real kind of export, is read as the note beside it says.

`files/NAME.json` says for `files/NAME` what kind of export it stands for, and what is right: encoding, delimiter,
header (the number of its row, 0 for none), column, which rows are hidden and how, and for each row the person's slug or
the reason why there is none; or a part of the sentence with which it is refused.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from functions.errors import NotAProfile
from functions.fields import select
from functions.profiles import parse
from local.lists.columns import letter
from local.lists.contract import SourceList
from local.lists.csv_list import CsvList
from local.lists.errors import BadFile
from local.lists.layout import Layout, lay_out
from local.lists.opening import Choices, open_list
from local.lists.workbook_list import WorkbookList

FILES = Path(__file__).parent / "files"
NAMES = sorted(path.name.removesuffix(".json") for path in FILES.glob("*.json"))
CLOSED = '"Lead Four"'
NOTHING = Layout((), ())


def expected(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FILES / f"{name}.json").read_text(encoding="utf-8"))
    return found


USABLE = [name for name in NAMES if "refused" not in expected(name)]
REFUSED = [name for name in NAMES if "refused" in expected(name)]
TEXTS = [name for name in USABLE if "encoding" in expected(name)]
WORKBOOKS = [name for name in USABLE if "tab" in expected(name)]


def opened(name: str) -> SourceList:
    return open_list(FILES / name, Choices(**expected(name).get("choices", {})))


def person(text: str) -> str:
    """The slug in a cell, or the reason why there is none."""
    try:
        return unquote(parse(text).key.removeprefix("linkedin.com/in/"))
    except NotAProfile as error:
        return str(error.reason)


def test_the_corpus_is_large_and_each_file_says_what_it_stands_for() -> None:
    assert len(NAMES) >= 60
    assert {path.name for path in FILES.iterdir()} == {*NAMES, *(f"{name}.json" for name in NAMES)}
    assert len({expected(name)["kind"] for name in NAMES}) == len(NAMES)


@pytest.mark.parametrize("name", USABLE)
def test_a_list_is_read_as_it_is_meant(name: str) -> None:
    source, right = opened(name), expected(name)
    rows = list(source.rows(NOTHING))
    if isinstance(source, CsvList):
        assert (source.encoding.codec, source.dialect.delimiter) == (right["encoding"], right["delimiter"])
        header = source.shape.first + source.offset if source.shape.header is not None else 0
    else:
        assert isinstance(source, WorkbookList)
        assert source.tab.title == right["tab"]
        header = source.shape.first
    assert header == right["header"]
    assert letter(source.shape.url_column) == right["column"]
    assert [person(row.url) for row in rows] == right["rows"]
    assert {str(row.number): row.hidden for row in rows if row.hidden} == right.get("hidden", {})
    assert [row.number for row in rows] == list(range(right["header"] + 1, right["header"] + 1 + len(rows)))
    said = " ".join(source.notes)
    assert all(part in said for part in right.get("notes", []))


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_used_is_refused_with_a_sentence(name: str) -> None:
    with pytest.raises(BadFile) as refused:
        list(opened(name).rows(NOTHING))
    assert expected(name)["refused"] in str(refused.value)


@pytest.mark.parametrize("name", TEXTS)
def test_a_csv_leaves_as_it_came(name: str, tmp_path: Path) -> None:
    """Without a value to write, a result is the list, to the byte; in UTF-8 where the list's encoding lacks letters."""
    source, target = opened(name), tmp_path / "out.csv"
    writer = source.create(target, NOTHING)
    for row in source.rows(NOTHING):
        writer.write(row.record, writer.render(row.held, None))
    writer.close()
    before, after = (FILES / name).read_bytes(), target.read_bytes()
    assert isinstance(source, CsvList)
    if source.stray_quotes:  # such a quote is written as the letter that it is read as, or others would lose rows
        lines = list(csv.reader(io.StringIO(after.decode(), newline="")))
        assert len(lines) == before.count(b"\n")
        assert "".join(map("".join, lines)) == before.decode().replace(",", "").replace("\n", "").replace(
            CLOSED, "Lead Four"
        )
    elif source.encoding.is_unicode:
        assert after == before
    else:
        assert after == b"\xef\xbb\xbf" + before.decode(source.encoding.codec).encode()


@pytest.mark.parametrize("name", TEXTS)
def test_values_stand_right_of_their_urls_and_nowhere_else(name: str, tmp_path: Path) -> None:
    source, target = opened(name), tmp_path / "out.csv"
    layout = lay_out(source.shape, select(["Value A=name", "Value B=title"]))
    writer = source.create(target, layout)
    for row in source.rows(layout):
        writer.write(
            row.record, writer.render(row.held, (f"a{row.number}", f"=b, {row.number}") if row.url.strip() else None)
        )
    writer.close()
    again = open_list(target, Choices(column=expected(name)["column"], header_row=expected(name)["header"]))
    assert isinstance(source, CsvList)
    assert isinstance(again, CsvList)
    column = source.shape.url_column
    written = list(again.rows(NOTHING))
    for row, result in zip(source.rows(NOTHING), written, strict=True):
        cells = [source.dialect.value(cell) for cell in source.cells(row.record[0])]
        after = [again.dialect.value(cell) for cell in again.cells(result.record[0])]
        new = after[column + 1 : column + 3]
        assert [*after[: column + 1], *after[column + 3 :]] == cells
        assert new == ([f"a{row.number}", f"'=b, {row.number}"] if row.url.strip() else [""] * len(new))


@pytest.mark.parametrize("name", WORKBOOKS)
def test_a_workbook_changes_in_its_new_cells_only(name: str, tmp_path: Path) -> None:
    source, target = opened(name), tmp_path / "out.xlsx"
    assert isinstance(source, WorkbookList)
    layout = lay_out(source.shape, select(["Value A=name", "Value B=title"]))
    writer = source.create(target, layout)
    for row in source.rows(layout):
        writer.write(row.record, writer.render(row.held, ("1-10", "=1+1 & <b>") if row.url else None))
    writer.close()
    with zipfile.ZipFile(FILES / name) as before, zipfile.ZipFile(target) as after:
        assert before.namelist() == after.namelist() or set(before.namelist()) == set(after.namelist())
        for part in before.namelist():
            if part != source.tab.part:
                assert before.read(part) == after.read(part)
    changed = open_list(target, Choices(tab=source.tab.title, column=expected(name)["column"]))
    assert [row.url for row in changed.rows(NOTHING)] == [row.url for row in source.rows(NOTHING)]
    held = [row.held for row in changed.rows(lay_out(changed.shape, layout.fields))]
    assert held == [("1-10", "=1+1 & <b>") if row.url else ("", "") for row in source.rows(NOTHING)]


@pytest.mark.parametrize("name", WORKBOOKS)
def test_other_programs_read_the_result(name: str, tmp_path: Path) -> None:
    """openpyxl, which knows nothing of Leadfill, finds the old cells unchanged and the new ones as text."""
    import openpyxl  # noqa: PLC0415 - heavy

    source, target = opened(name), tmp_path / "out.xlsx"
    assert isinstance(source, WorkbookList)
    layout = lay_out(source.shape, select(["Value A=name"]))
    writer = source.create(target, layout)
    for row in source.rows(layout):
        writer.write(row.record, writer.render(row.held, ("1-10",) if row.url else None))
    writer.close()
    old = openpyxl.load_workbook(io.BytesIO((FILES / name).read_bytes()))[source.tab.title]
    new = openpyxl.load_workbook(target)[source.tab.title]
    for line in old.iter_rows():
        for cell in line:
            assert new[cell.coordinate].value == cell.value
    values = [new.cell(row.number, source.used_columns + 1) for row in source.rows(layout) if row.url]
    assert [(cell.value, cell.data_type) for cell in values] == [("1-10", "s")] * len(values)


def test_an_independent_reader_agrees_with_plain_files() -> None:
    """Python's own csv module cuts what has no repaired quote and no escape into the same cells."""
    compared = 0
    for name in TEXTS:
        source = opened(name)
        assert isinstance(source, CsvList)
        list(source.rows(NOTHING))
        is_plain = (
            not source.stray_quotes and not source.dialect.escape and "blanks" not in name and "quotes" not in name
        )
        if not is_plain or not source.encoding.is_unicode or b"\0" in (FILES / name).read_bytes()[:1]:
            continue
        text = (FILES / name).read_bytes().decode(source.encoding.codec, "surrogateescape")[len(source.mark) :]
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=source.dialect.delimiter))
        ours = [[source.dialect.value(cell) for cell in source.cells(row.record[0])] for row in source.rows(NOTHING)]
        assert [line or [""] for line in lines[source.shape.first :]] == [
            row if "\0" not in text else line for row, line in zip(ours, lines[source.shape.first :], strict=True)
        ]
        compared += 1
    assert compared >= 30


def test_a_header_is_found_below_a_long_preamble(tmp_path: Path) -> None:
    """A report that lists its filters, each in a line of its own."""
    path = tmp_path / "report.csv"
    notes = "".join(f"Filter {number}: any\n" for number in range(1, 151))
    path.write_text(f"{notes}Name,LinkedIn\nAda,https://www.linkedin.com/in/lead-001\n", encoding="utf-8")
    source = open_list(path, Choices())
    assert source.shape.titles == ("Name", "LinkedIn")
    assert [row.number for row in source.rows(NOTHING)] == [152]


@pytest.mark.parametrize("delimiter", ["ab", '"', "\n", "\r"])
def test_what_cannot_part_cells_is_no_delimiter(tmp_path: Path, delimiter: str) -> None:
    """A quote holds cells together, and a line end parts rows."""
    path = tmp_path / "leads.csv"
    path.write_text("Name,LinkedIn\nAda,linkedin.com/in/lead-001\n", encoding="utf-8")
    with pytest.raises(BadFile, match="is not valid; give one character"):
        open_list(path, Choices(delimiter=delimiter))
