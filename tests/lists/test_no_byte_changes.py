"""P7: no byte of a cell that is not Leadfill's changes, over random tables in every encoding and dialect."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, example, given, note, settings
from hypothesis import strategies as st

from functions.fields import select
from local.lists.csv_list import CsvList, open_csv
from local.lists.layout import Layout, lay_out

FIELDS = select(["Value A=name", "Value B=title"])
NOTHING = Layout((), ())
LETTERS = {
    "utf-8": "aZ9 éŁ日😀'=+-@\u00a0",
    "utf-16-le": "aZ9 éŁ日😀'=+-@",
    "utf-16-be": "aZ9 éŁ日😀'=+-@",
    "cp1252": "aZ9 éßñ€'=+-@",
    "cp1250": "aZ9 éłŁőř'=+-@",
    "cp932": "aZ9 日本東京カ'=+-@",
}
DIALECTS = (",", ";", "\t", "|")

AWKWARD = (
    "utf-8",
    ",",
    b'Name,LinkedIn\n"\n",https://www.linkedin.com/in/lead-000\n',
    [["Name", "LinkedIn"], ["\n", "https://www.linkedin.com/in/lead-000"]],
)
"""A quoted cell over two lines, the second of which looks like a row of its own if the quote is taken for a letter."""

TWICE_AWKWARD = (
    "utf-8",
    ",",
    b'Name,LinkedIn,Column 0\n"\n9",https://www.linkedin.com/in/lead-000,"\n"\n',
    [["Name", "LinkedIn", "Column 0"], ["\n9", "https://www.linkedin.com/in/lead-000", "\n"]],
)


@st.composite
def tables(draw: st.DrawFn) -> tuple[str, str, bytes, list[list[str]]]:
    """Encoding, delimiter, the file's bytes, and its cells; the people stand in the second column."""
    encoding = draw(st.sampled_from(sorted(LETTERS)))
    delimiter = draw(st.sampled_from(DIALECTS))
    special = delimiter + '"' + draw(st.sampled_from(["", "\n", ",;|"]))
    cell = st.text(LETTERS[encoding] + special, max_size=8)
    width = draw(st.integers(2, 5))
    count = draw(st.integers(1, 8))
    header = ["Name", "LinkedIn", *(f"Column {number}" for number in range(width - 2))]
    rows = [
        [draw(cell) if place != 1 else f"https://www.linkedin.com/in/lead-{number:03d}" for place in range(width)]
        for number in range(count)
    ]
    written = io.StringIO()
    writer = csv.writer(
        written,
        delimiter=delimiter,
        quoting=draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])),
        lineterminator=draw(st.sampled_from(["\n", "\r\n"])),
    )
    writer.writerows([header, *rows])
    text = written.getvalue()
    if draw(st.booleans()):
        text = text.rstrip("\r\n")
    mark = "\ufeff" if encoding.startswith("utf") and draw(st.booleans()) else ""
    return encoding, delimiter, (mark + text).encode(encoding), [header, *rows]


def enriched(source: CsvList, target: Path, layout: Layout) -> None:
    writer = source.create(target, layout)
    for row in source.rows(layout):
        writer.write(
            row.record,
            writer.render(row.held, tuple(f"{field.header} {row.number}, “new”" for field in layout.fields) or None),
        )
    writer.close()


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tables())
@example(AWKWARD)
@example(TWICE_AWKWARD)
def test_nothing_that_was_there_changes(table: tuple[str, str, bytes, list[list[str]]]) -> None:
    encoding, delimiter, data, cells = table
    with TemporaryDirectory() as folder:
        path, target = Path(folder, "leads.csv"), Path(folder, "out.csv")
        path.write_bytes(data)
        note(data)
        source = open_csv(path, encoding=encoding, delimiter=delimiter, column="LinkedIn")
        enriched(source, target, NOTHING)
        plain = target.read_bytes()
        as_unicode = data if encoding.startswith("utf") else b"\xef\xbb\xbf" + data.decode(encoding).encode()
        assert plain == as_unicode
        enriched(source, target, lay_out(source.shape, FIELDS))
        result = target.read_bytes().decode(encoding if encoding.startswith("utf") else "utf-8").lstrip("\ufeff")
    lines = list(csv.reader(io.StringIO(result, newline=""), delimiter=delimiter))
    assert [[*line[:2], *line[4:]] for line in lines] == cells
    assert [line[2:4] for line in lines] == [
        ["Value A", "Value B"],
        *([f"Value A {number}, “new”", f"Value B {number}, “new”"] for number in range(2, len(cells) + 1)),
    ]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=60), st.sampled_from([b"\n", b"\r\n"]))
def test_bytes_of_any_kind_in_another_cell_leave_as_they_came(noise: bytes, end: bytes) -> None:
    """Whatever bytes stand in a cell: the file says that it is UTF-8, and the result has them again."""
    noise = bytes(byte for byte in noise if byte not in b'\r\n",')
    data = end.join(
        [b"Stadt,LinkedIn", "Łódź,linkedin.com/in/lead-001".encode(), noise + b",linkedin.com/in/lead-002", b""]
    )
    with TemporaryDirectory() as folder:
        path, target = Path(folder, "leads.csv"), Path(folder, "out.csv")
        path.write_bytes(data)
        source = open_csv(path, encoding="utf-8")
        enriched(source, target, NOTHING)
        assert target.read_bytes() == data


@pytest.mark.parametrize("encoding", sorted(LETTERS))
def test_the_encodings_of_the_property_are_those_that_are_found(encoding: str, tmp_path: Path) -> None:
    """Said or found by itself, an encoding reads a list alike."""
    city = {
        "cp1252": "Straße, Größe",
        "cp1250": "Łódź, Wrocław, Białystok, Główny",
        "cp932": "東京都渋谷区の会社です",
    }.get(encoding, "Łódź 日本")
    text = "Name;City;LinkedIn\r\n" + "".join(f"Lead {n};{city};linkedin.com/in/lead-{n:03d}\r\n" for n in range(5))
    path = tmp_path / "leads.csv"
    path.write_bytes(text.encode(encoding))
    source = open_csv(path)
    assert source.encoding.codec == encoding
    row = next(iter(source.rows(NOTHING)))
    assert source.dialect.value(source.cells(row.record[0])[1]) == city


def test_equal_values_of_different_kinds_are_written_each_in_its_own_way(tmp_path: Path) -> None:
    """1, 1.0 and TRUE are equal to Python, and three texts to a person."""
    path, target = tmp_path / "leads.csv", tmp_path / "out.csv"
    path.write_text("LinkedIn\n" + "".join(f"linkedin.com/in/lead-{number:03d}\n" for number in range(3)))
    source = open_csv(path)
    layout = lay_out(source.shape, select(["Value A=name"]))
    writer = source.create(target, layout)
    for row, value in zip(source.rows(layout), (1, True, 1.5 - 0.5), strict=True):
        writer.write(row.record, writer.render(row.held, (value,)))
    writer.close()
    assert [line.split(",")[1] for line in target.read_text().splitlines()] == ["Value A", "1", "TRUE", "1.0"]
