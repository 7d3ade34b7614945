"""A CSV that becomes a workbook loses no letter, and its texts stay texts."""

from __future__ import annotations

from pathlib import Path

import openpyxl

from local.lists.csv_list import open_csv
from local.lists.layout import lay_out
from local.lists.new_workbook import NewWorkbookWriter


def test_a_stray_byte_becomes_the_letter_that_it_nearly_always_is(tmp_path: Path) -> None:
    path, target = tmp_path / "leads.csv", tmp_path / "out.xlsx"
    path.write_bytes("City,LinkedIn\nŁódź,linkedin.com/in/lead-001\n".encode() + b"K\xf6ln,linkedin.com/in/lead-002\n")
    source = open_csv(path)
    layout = lay_out(source.shape, ())
    writer = NewWorkbookWriter(source, target, layout)
    for row in source.rows(layout):
        writer.write(row.record, writer.render(row.held, None))
    writer.close()
    sheet = openpyxl.load_workbook(target).active
    assert sheet is not None
    assert [cell.value for cell in sheet["A"]] == ["City", "Łódź", "Köln"]
    assert "read as Windows-1252 in a workbook" in " ".join(source.notes)
