"""Any JSON value becomes a cell: text within the limit of a cell, or a number that a cell holds exactly."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.fields.cell_format import CELL_LIMIT, CellValue, Rendering, iso_time, render


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Given Family", ("Given", "Family")),
        ("Given van der Family", ("Given", "van der Family")),
        ("  Prof. Dr. Given   Family, MBA, PhD ", ("Given", "Family")),
        ('Given (Nick) "Nack" Family', ("Given", "Family")),
        ("Mononym", ("Mononym", "")),
        ("Family, Given", ("", "")),  # or a mononym with a degree: it cannot be told
        ("Dr.", ("Dr.", "")),
        ("", ("", "")),
        (["Given"], ("", "")),
        ("(" * 100_000, ("(" * 300, "")),
    ],
)
def test_first_and_last_name_where_they_can_be_told(name: object, parts: tuple[str, str]) -> None:
    assert (render(name, Rendering.FIRST_NAME), render(name, Rendering.LAST_NAME)) == parts


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 11, 24, 9, 30, 0, 999, tzinfo=UTC),
        datetime(2026, 11, 24, 11, 30, tzinfo=timezone(timedelta(hours=2))),
        datetime(2026, 11, 24, 9, 30),  # noqa: DTZ001 - a naive time is taken for UTC, never for the machine's zone
    ],
)
def test_times_are_said_in_utc(moment: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        with monkeypatch.context() as machine:
            machine.setenv("TZ", "Asia/Tokyo")
            time.tzset()
            assert iso_time(moment) == "2026-11-24T09:30:00Z"
            assert render(1576108800 - 1, Rendering.DATE) == "2019-12-11"
    finally:
        time.tzset()


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=SUM(A1)", "=SUM(A1)"),
        (" \n ", ""),
        ("one\r\ntwo\x07", "one\ntwo"),
        ("half \ud83d of a pair", "half \ufffd of a pair"),
        (None, ""),
        (True, True),
        (7.0, 7),
        (2.5, 2.5),
        (float("nan"), ""),
        (float("inf"), ""),
        (2**53 - 1, 2**53 - 1),
        (2**53, "9007199254740992"),
        (["a", None, "", ["b", "c"]], "a; b, c"),
        ({"city": "Berlin", "none": None, "no": False}, "city: Berlin, no: FALSE"),
    ],
)
def test_any_value_becomes_a_cell(value: object, cell: CellValue) -> None:
    rendered = render(value)
    assert (rendered, type(rendered)) == (cell, type(cell))


def test_a_number_that_is_too_long_to_be_printed_is_missing() -> None:
    assert render(10**5000) == ""


@pytest.mark.parametrize("text", ["x" * (CELL_LIMIT + 1), "😀" * CELL_LIMIT, "x" + "😀" * CELL_LIMIT])
def test_a_text_is_cut_at_the_limit_of_a_cell_and_never_within_a_character(text: str) -> None:
    cut = render(text)
    assert isinstance(cut, str)
    assert CELL_LIMIT - 1 <= len(cut.encode("utf-16-le")) // 2 <= CELL_LIMIT
    assert cut.endswith("…")
    assert text.startswith(cut.removesuffix("…"))


def test_a_text_of_exactly_the_limit_is_left_whole() -> None:
    assert render("😀" * (CELL_LIMIT // 2)) == "😀" * (CELL_LIMIT // 2)


@pytest.mark.parametrize(
    ("rendering", "value", "cell"),
    [
        (Rendering.PLACE, ["Berlin", None, "Germany"], "Berlin, Germany"),
        (Rendering.POSITIONS, [["Founder", "Old"], ["Chief", None]], "Founder at Old; Chief"),
        (Rendering.PERIODS, [[2006, 2008], [2009, None]], "2006-2008; 2009"),
        (Rendering.DATE, 1576108800, "2019-12-12"),
        (Rendering.DATE, "1576108800", "2019-12-12"),
        (Rendering.DATE, 0, ""),
        (Rendering.DATE, 1576108800000, ""),
        (Rendering.DATE, "last spring", "last spring"),
        (Rendering.DATE, [1576108800, True, {}], "2019-12-12"),
        (Rendering.MOMENT, 2016, 2016),
        (Rendering.MOMENT, 1576108800, "2019-12-12"),
        (Rendering.DISTINCT, ["a", "b", "a"], "a; b"),
        (Rendering.GROUPED, [["Storage", "S"], ["Finance", "A"], ["Finance", "B"], "odd"], "Storage: S; Finance: A, B"),
        (
            Rendering.DATED,
            [["Invoicer", 1589915623], ["Payer", None], [None, 1589915623]],
            "Invoicer (2020-05-19); Payer",
        ),
    ],
)
def test_each_rendering_makes_this(rendering: Rendering, value: object, cell: CellValue) -> None:
    assert render(value, rendering) == cell


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(JSON, st.sampled_from(Rendering))
def test_nothing_raises_and_every_text_can_be_sent(value: object, rendering: Rendering) -> None:
    rendered = render(value, rendering)
    assert isinstance(rendered, str | int | float)
    str(rendered).encode()
