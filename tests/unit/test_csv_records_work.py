"""Proves that the records of a CSV are read in time proportional to its length, whatever stands in it."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from unittest.mock import Mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.lists.csv_records import MAX_CELL, MAX_STRAY_QUOTES, Records
from local.lists.dialect import DELIMITERS, Dialect, detect, usual_width
from local.lists.errors import BadFile
from tests.support.csv_work import FRAMES, PIECES, excess, sized
from tests.support.work import LINEAR, growth

LONG = 24_000
WORK: dict[str, Callable[[Dialect, str], object]] = {
    "cut": Dialect.cut,
    "is closed": Dialect.is_closed,
    "is tidy": lambda dialect, text: dialect.is_closed(text, tidy=True),
    "closes": Dialect.closes,
    "pattern": lambda dialect, text: dialect.pattern(1, [0, 3]).findall(text),
    "value": Dialect.value,
}
"""What looks at the characters of a line."""


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("piece", PIECES)
def test_a_run_of_any_piece_is_looked_at_a_bounded_number_of_times(piece: str, frame: str) -> None:
    assert excess(sized(frame, piece, LONG)) <= 1


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(units=st.lists(st.sampled_from(PIECES), min_size=1, max_size=6), frame=st.sampled_from(FRAMES))
def test_a_mixed_run_is_looked_at_a_bounded_number_of_times(units: Sequence[str], frame: str) -> None:
    assert excess(sized(frame, "".join(units), LONG)) <= 1


@pytest.mark.parametrize("escape", ["", "\\"])
@pytest.mark.parametrize("work", WORK)
def test_a_look_is_linear(work: str, escape: str) -> None:
    dialect = Dialect(",", escape)
    for piece in PIECES:
        small, large = (sized('"{}', piece, length) for length in (50_000, 200_000))
        assert growth(lambda text: WORK[work](dialect, text), small, large) <= LINEAR, piece


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=st.text(max_size=400) | st.lists(st.sampled_from(PIECES), max_size=60).map("".join))
def test_any_text_is_records_or_refused_and_no_character_is_lost(text: str) -> None:
    lines = io.StringIO(text, newline="").readlines()
    dialect = detect(lines)
    records = Records(lines, dialect, usual_width(dialect, lines), "x.csv")
    with suppress(BadFile):
        read_back = "".join(record[0] for record in records)
        if not records.stray_quotes:  # a stray quote is written as a letter, for other programs
            assert read_back == text
        at_once = Records([text] if text else [], dialect, usual_width(dialect, lines), "x.csv")
        assert list(at_once) == list(Records(lines, dialect, usual_width(dialect, lines), "x.csv"))


@settings(max_examples=300, deadline=None)
@given(data=st.data(), delimiter=st.sampled_from(DELIMITERS), escape=st.sampled_from(["", "\\"]))
def test_a_cell_that_ends_lines_later_ends_where_the_whole_text_says(
    data: st.DataObject, delimiter: str, escape: str
) -> None:
    line = st.lists(st.sampled_from([delimiter, '"', '""', "a", " ", "\\", '\\"']), max_size=7).map("".join)
    dialect = Dialect(delimiter, escape)
    text = f'"{data.draw(line)}\n'
    if dialect.is_closed(text.rstrip("\n")):
        return
    for following in data.draw(st.lists(line, min_size=1, max_size=4)):
        text += f"{following}\n"
        whole = '"' in following and dialect.is_closed(text.rstrip("\n"))
        assert whole == ('"' in following and dialect.closes(following))
        if whole:
            return


def test_the_looks_at_what_follows_stray_quotes_are_bounded() -> None:
    taken = Mock()
    records = Records(['"x,y\n'] * (10 * MAX_STRAY_QUOTES), Dialect(), 2, "x.csv")
    with pytest.raises(BadFile):
        deque(map(taken, records))
    assert taken.call_count <= MAX_STRAY_QUOTES
    assert MAX_CELL * MAX_STRAY_QUOTES <= 20_000_000, "all looks together are some seconds at most"


@settings(max_examples=500, deadline=None)
@given(
    body=st.lists(st.sampled_from([",", '"', '""', '"a"', "b", " ", "\\", '\\"', "\0"]), max_size=9).map("".join),
    escape=st.sampled_from(["", "\\"]),
    end=st.sampled_from(["", "\n", "\r\n", "\r"]),
    url=st.integers(0, 3),
    others=st.sets(st.integers(0, 3)),
)
def test_the_short_ways_for_usual_cells_come_to_what_the_rules_say(
    body: str, escape: str, end: str, url: int, others: set[int]
) -> None:
    dialect = Dialect(",", escape)
    line, cells, places = body + end, dialect.cut(body), sorted({url, *others})
    found = dialect.pattern(url, others).findall(line)
    assert [text for text, *_ in found] == ([line] if line else [])
    if body and end and dialect.is_closed(body) and len(cells) > places[-1]:
        assert found == [(line, ",".join(cells[: url + 1]), *(cells[place] for place in places))]
    else:
        assert not any(any(parts) for _, *parts in found)
    for cell in dialect.cut(body):
        # A blank before it leads by the long way: a spreadsheet drops the blanks before an opening quote.
        slow = (
            dialect.value(f" {cell}") if cell.startswith('"') and not dialect.value(f" {cell}").startswith(" ") else ""
        )
        assert not slow or dialect.value(cell) == slow
