"""P7, the core: a cell shows exactly the value that the provider gave, whatever it is, and it always fits."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from functions.fields import Facts, project, select
from functions.fields.catalogue import CATALOGUE, Field
from functions.fields.cell_format import CELL_LIMIT, CellValue, Rendering
from functions.outcomes import Outcome

FACTS = Facts(Outcome.ENRICHED, datetime(2026, 11, 24, 9, 30, tzinfo=UTC), "http://www.linkedin.com/in/given-family")
PLAIN = [field for field in CATALOGUE if field.rendering is Rendering.TEXT and field.expression.isidentifier()]
CUSTOM = select(["A=[skills]", "B=*", "C=[@, skills]", "D=experience[0]", "E=to_string(@)", "F=education[*].*"])
UNHOLDABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\r\ud800-\udfff\ufffe\uffff]")

anything: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(),
        st.text(alphabet=st.characters(categories=["Cc", "Cs"])),
        st.sampled_from(["", " ", "1-10", "=1+1", "true", 1589915623, 0, -1, 10**400, 1e308, "9" * 5000]),
    ),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(max_size=5), inner)),
    max_leaves=8,
)
"""Any JSON value, and what JSON decoders let through besides: infinities, halves of surrogate pairs."""


def entries(*keys: str) -> st.SearchStrategy[Any]:
    """A list of objects of which any part may be missing or anything else."""
    return st.one_of(st.lists(st.one_of(objects(*keys), anything), max_size=4), anything)


def objects(*keys: str, **known: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """An object of which any part may be missing or anything else."""
    return st.fixed_dictionaries({}, optional=dict.fromkeys(keys, anything) | known)


leads = objects(
    *sorted({field.expression for field in CATALOGUE if field.expression.isidentifier()}),
    *("city", "state", "country", "company_city"),
    technologies=entries("category", "subcategory", "technology", "last_detected"),
    experience=entries("title_name", "company_name", "company_profile", "location", "is_primary", "end_date"),
    education=entries("school_name", "degrees", "start_date", "end_date"),
)
"""The documented lead, with any value in any place."""


def one(field: Field, value: object) -> CellValue:
    """The cell of a field that shows one key of the lead."""
    [cell] = project({field.expression: value}, FACTS, [field])
    return cell


def text(value: object) -> CellValue:
    """The cell of a title."""
    return one(PLAIN[2], value)


def units(cell: str) -> int:
    """UTF-16 code units: the strictest way to count characters."""
    return len(cell.encode("utf-16-le")) // 2


@given(st.one_of(leads, anything))
@example({"experience": [{"is_primary": "true", "end_date": [], "company_profile": {}}]})
@example([])
@example(None)
def test_any_json_makes_cells_that_a_sheet_can_hold(lead: dict[str, Any] | None) -> None:
    fields = (*CATALOGUE, *CUSTOM)
    cells = project(lead, FACTS, fields)
    assert len(cells) == len(fields)
    assert msgspec.json.decode(msgspec.json.encode(cells)) == cells  # finite numbers, whole characters
    for cell in cells:
        if isinstance(cell, str):
            assert units(cell) <= CELL_LIMIT
            assert not UNHOLDABLE.search(cell)
            assert not cell or cell.strip()
        else:
            assert isinstance(cell, bool | int | float)
            assert cell in (True, False) or abs(cell) < 2**53 or isinstance(cell, float)


@pytest.mark.parametrize("missing", [None, "", " \n\t", [], {}, [[], {}, None, ""], {"a": None, "b": [{}]}, math.nan])
def test_what_is_missing_is_an_empty_cell(missing: object) -> None:
    everywhere = dict.fromkeys(
        {key for field in CATALOGUE for key in re.findall(r"\w+", field.expression)} | {"last_detected"}, missing
    )
    nested = {
        **everywhere,
        "experience": [everywhere, {"is_primary": "true", **everywhere, "location": everywhere}],
        "education": [everywhere],
        "technologies": [everywhere],
    }
    counts = {"experience_count", "technologies_count", "skills_count"}
    fields = [field for field in CATALOGUE if field.expression and field.name not in counts]
    assert {
        field.name: cell for field, cell in zip(fields, project(nested, FACTS, fields), strict=True) if cell != ""
    } == {}


@given(st.sampled_from(PLAIN), st.text(alphabet=st.characters(exclude_categories=["Cc", "Cs", "Cn"]), min_size=1))
@pytest.mark.parametrize("prefix", ["", "=", "+", "-", "@", "'", "1-"])
def test_text_comes_through_unchanged(prefix: str, field: Field, value: str) -> None:
    if (prefix + value).strip():
        assert one(field, prefix + value) == prefix + value


@pytest.mark.parametrize(
    "value", ["1-10", "11-50", "=1+1", "+1 555 0100", "-1", "@name", "007", "1e5", "true", "2/3", "a\tb\nc"]
)
@pytest.mark.parametrize("field", PLAIN, ids=lambda field: field.name)
def test_what_a_spreadsheet_would_reinterpret_stays_text(field: Field, value: str) -> None:
    assert one(field, value) == value


def test_control_characters_go_and_line_ends_become_one_kind() -> None:
    assert text("a\x00b\x1bc\r\nd\re\ufffff\ud800g") == "abc\nd\nef\ufffdg"


@given(st.integers(CELL_LIMIT // 2 - 3, CELL_LIMIT + 3), st.sampled_from(["a", "é", "語", "😀", "a😀"]))
def test_long_text_is_cut_to_the_limit_of_a_cell(length: int, character: str) -> None:
    value = (character * length)[:length]
    cell = text(value)
    assert isinstance(cell, str)
    if units(value) <= CELL_LIMIT:
        assert cell == value
    else:
        assert cell.endswith("…")
        assert value.startswith(cell.removesuffix("…"))
        assert CELL_LIMIT - 1 <= units(cell) <= CELL_LIMIT


def test_a_long_list_is_cut_as_a_whole() -> None:
    [cell] = project({"skills": ["Patience"] * 100_000}, FACTS, select(["skills"]))
    assert isinstance(cell, str)
    assert units(cell) == CELL_LIMIT
    assert cell.startswith("Patience; Patience; ")


def test_a_value_nested_beyond_reason_harms_nobody() -> None:
    deep: Any = "x"
    for _ in range(50_000):
        deep = [{"a": deep}]
    assert (
        project({"skills": deep, "name": "=N"}, FACTS, select(["skills", "name", "A=[skills]", "B=skills==skills"]))[1]
        == "=N"
    )


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (1576108800, "2019-12-12"),
        (1576108800.9, "2019-12-12"),
        ("1576108800", "2019-12-12"),
        (1, "1970-01-01"),
        (4102444799, "2099-12-31"),
        (4102444800, ""),
        ("2019-12-12", "2019-12-12"),
        ("in spring", "in spring"),
        ([1576108800, 1589915623], "2019-12-12; 2020-05-19"),
        (0, ""),
        (-1576108800, ""),
        (1576108800000, ""),  # milliseconds, or nothing at all
        (10**400, ""),
        (math.inf, ""),
        (math.nan, ""),
        (True, ""),
        ({}, ""),
        ("9" * 5000, "9" * 5000),
        ("²", "²"),
    ],
)
def test_unix_times_become_dates_in_utc(value: object, cell: str) -> None:
    assert project({"last_funded_on": value}, FACTS, select(["last_funded_on"])) == [cell]


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (2008, 2008),
        (2008.0, 2008),
        (1576108800, "2019-12-12"),
        ("2008", "2008"),
        ("Present", "Present"),
        ([], ""),
        ([2008], "2008"),
    ],
)
def test_years_are_numbers_and_unix_times_are_dates(value: object, cell: CellValue) -> None:
    [made] = project({"education": [{"end_date": value}]}, FACTS, select(["education_end"]))
    assert (made, type(made)) == (cell, type(cell))


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (2**53 - 1, 2**53 - 1),
        (2**53, str(2**53)),
        (-(2**60), str(-(2**60))),
        pytest.param(10**5000, "", id="more digits than Python prints"),
        (0, 0),
        (0.5, 0.5),
        (True, True),
    ],
)
def test_a_number_that_a_cell_would_round_is_text(value: object, cell: CellValue) -> None:
    made = text(value)
    assert (made, type(made)) == (cell, type(cell))


def test_a_lead_from_json_is_the_same_for_every_reader() -> None:
    body = b'{"skills": ["A", null, {"name": "B", "years": 2.0}], "company_size": "1-10", "email": "\\u0000=x@y.test"}'
    fields = select(["skills", "size", "email"])
    expected = ["A; name: B, years: 2", "1-10", "=x@y.test"]
    assert project(msgspec.json.decode(body), FACTS, fields) == project(json.loads(body), FACTS, fields) == expected
