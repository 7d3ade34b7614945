"""The catalogue reaches every value of a lead, and each field shows what its description says."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from functions.fields import Facts, project, select, split
from functions.fields.catalogue import CATALOGUE, PRESETS
from functions.fields.cell_format import CellValue
from functions.fields.headers import ALIASES
from functions.fields.selection import spelling
from functions.outcomes import Outcome
from tests.support.documented_lead import FACTS, LEAD, URL
from tools import fields_page

SEED = Path(__file__).parents[3] / "shared" / "seed" / "lead_enrich_on_linkedin_url.md"


def cell(name: str, lead: object = LEAD, facts: Facts = FACTS) -> CellValue:
    """The cell that one field makes."""
    [value] = project(lead, facts, select([name]))  # type: ignore[arg-type] # also what is no lead at all
    return value


def leaves(value: object) -> Iterator[object]:
    """Every value inside that is neither list nor object."""
    if isinstance(value, list | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from leaves(part)
    else:
        yield value


def test_every_value_of_a_lead_reaches_some_cell() -> None:
    cells = " ".join(str(value) for value in project(LEAD, FACTS, CATALOGUE))
    tells = {1576108800: "2019-12-12", 1589915623: "2020-05-19", 1591092110: "2020-06-02"}
    chooses = {"true", "false"}  # is_primary chooses between the current and the previous position
    lost = [leaf for leaf in leaves(LEAD) if leaf not in chooses and tells.get(leaf, str(leaf)) not in cells]  # type: ignore[call-overload] # leaves are numbers and texts
    assert not lost


def test_without_a_field_its_value_would_be_missed() -> None:
    """The test above can fail: a value that nothing reaches is not found by accident."""
    odd = copy.deepcopy(LEAD) | {"shoe_size": "forty-three"}
    assert "forty-three" not in " ".join(str(value) for value in project(odd, FACTS, CATALOGUE))


def test_examples_are_what_the_published_example_gives() -> None:
    if not SEED.exists():
        pytest.skip(f"{SEED} is not on this machine")
    published = re.search(r"code_block: \|2-\n(.*?)\n    title: Response", SEED.read_text(encoding="utf-8"), re.DOTALL)
    assert published
    lead = json.loads(published[1])["data"]
    at = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
    facts = Facts(Outcome.ENRICHED, at, lead["linkedin_url"], source="Slintel", email_source="Slintel")
    cells = project(lead, facts, CATALOGUE)
    for field, value in zip(CATALOGUE, cells, strict=True):
        assert str(value) == field.example or (
            field.example.endswith("; …") and str(value).startswith(field.example.removesuffix("…"))
        ), field.name


def test_names_and_headers_are_unmistakable() -> None:
    spellings = [{spelling(field.name), spelling(field.header)} for field in CATALOGUE]
    assert sum(map(len, spellings)) == len(set().union(*spellings))
    assert not [field.header for field in CATALOGUE if "," in field.header or "=" in field.header]


def test_every_field_is_described_and_every_preset_selects() -> None:
    assert all(field.description.endswith((".", "…")) and field.group for field in CATALOGUE)
    for preset in PRESETS:
        assert [field.name for field in select(preset.fields)] == list(preset.fields)


def test_the_page_is_made_from_the_catalogue() -> None:
    assert fields_page.PAGE.read_text(encoding="utf-8") == fields_page.page(), "run python -m tools.fields_page"


@pytest.mark.parametrize("text", re.findall(r"^\| `([^`]+=[^`]+)` \|", fields_page.page(), re.MULTILINE))
def test_custom_fields_on_the_page_work(text: str) -> None:
    [field] = select(split(text))
    assert field.group == "Custom"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("division", "Northern Division"),
        ("location", "Personville, Personstate, Personland"),
        ("size", "11-50"),
        ("company_phone", "+1 555 0100"),
        ("products_services", "Round widgets; Square widgets"),
        ("last_funded_on", "2019-12-12"),
        ("current_title", "Head of All Widgets"),
        ("current_location", "Newville, Newstate, Newland"),
        ("current_end_date", ""),
        ("current_company_facebook", ""),
        ("previous_title", "Apprentice"),
        ("previous_end_date", 2016),
        ("previous_company_crunchbase", "cb.test/old"),
        ("experience", "Apprentice at Old Widgets; Head of All Widgets at New Widgets"),
        ("experience_count", 2),
        ("experience_end_dates", "2016"),
        ("school", "Late School"),
        ("degrees", "Master of Widgets; Doctor of Widgets"),
        ("education_end", 2009),
        ("education", "Early School, Bachelor of Widgets, 2006; Late School, Master of Widgets, Doctor of Widgets, 2009; Undated School"),  # noqa: E501 - one cell
        ("education_years", "2002-2006; 2007-2009"),
        ("skills_count", 3),
        ("technologies", "Invoicer; Rewinder; Payer"),
        ("technologies_by_category", "Finance: Invoicer, Payer; Storage: Rewinder"),
        ("technology_categories", "Finance; Storage"),
        ("technologies_detected", "Invoicer (2020-05-19); Rewinder (2020-06-02); Payer"),
        ("technologies_last_detected", "2020-06-02"),
        ("technologies_count", 3),
        ("status", "enriched"),
        ("enriched_at", "2026-11-24T09:30:00Z"),
        ("linkedin_url", URL),
        ("slintel_linkedin_url", f"{URL}?as=slintel"),
    ],
)  # fmt: skip
def test_a_field_makes_this_of_the_lead(name: str, expected: CellValue) -> None:
    value = cell(name)
    assert (value, type(value)) == (expected, type(expected))


@pytest.mark.parametrize("primary", ["true", True])
def test_the_current_position_is_the_primary_one_wherever_it_stands(primary: object) -> None:
    lead = {"experience": [{"title_name": "Past"}, {"title_name": "Present", "is_primary": primary}]}
    assert (cell("current_title", lead), cell("previous_title", lead)) == ("Present", "Past")


def test_without_a_primary_position_none_is_called_current() -> None:
    assert cell("current_title", {"experience": [{"title_name": "Past", "is_primary": "false"}]}) == ""


@pytest.mark.parametrize("end_date", [[], None, "2009"])
def test_a_school_without_a_year_is_still_a_school(end_date: object) -> None:
    assert cell("school", {"education": [{"school_name": "Some School", "end_date": end_date}]}) == "Some School"


def test_without_a_lead_only_what_leadfill_knows_is_left() -> None:
    fields = select(["email", "status", "enriched_at", "linkedin_url", "skills", "First=skills[0]"])
    assert project(None, Facts(Outcome.UNUSABLE), fields) == ["", "unusable", "", "", "", ""]


def test_no_title_names_two_fields() -> None:
    own = {spelling(name): field for field in CATALOGUE for name in (field.name, field.header)}
    others = [(spelling(alias), field) for field in CATALOGUE for alias in field.aliases]
    assert len({alias for alias, _ in others}) == len(others)
    assert not {alias for alias, _ in others} & set(own)
    assert set(ALIASES) <= {field.name for field in CATALOGUE}
