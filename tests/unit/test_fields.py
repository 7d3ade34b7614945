"""Proves that the catalogue reaches every value of a lead, and that what is selected is what was named."""

from __future__ import annotations

import copy
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.errors import InvalidRequest, UnknownField
from functions.fields import Facts, is_named_by, project, select, split
from functions.fields.catalogue import CATALOGUE, PRESETS
from functions.fields.cell_format import CellValue
from functions.fields.expressions import MAX_GROWTH, MAX_LENGTH, evaluate
from functions.fields.selection import MAX_FIELDS, spelling
from functions.outcomes import Outcome
from tools import fields_page

SEED = Path(__file__).parents[3] / "shared" / "seed" / "lead_enrich_on_linkedin_url.md"
URL = "http://www.linkedin.com/in/given-family-1"
FACTS = Facts(Outcome.ENRICHED, datetime(2026, 11, 24, 9, 30, tzinfo=UTC), URL)

# The documented shape, with its oddities; each text is found nowhere else, so that a cell shows where it came from.
LEAD: dict[str, Any] = {
    "id": "aa01",
    "name": "Dr. Given Middle Family, PhD",
    "email": "given@northern-widgets.test",
    "linkedin_url": "http://www.linkedin.com/in/given-family-1?as=slintel",
    "lead_title": "Head of Widgets",
    "function": "Operations",
    "divison": "Northern Division",
    "decision_making_power": "Medium",
    "city": "Personville",
    "state": "Personstate",
    "country": "Personland",
    "continent": "Personia",
    "company_id": "cc02",
    "company_name": "Northern Widgets",
    "company_website": "northern-widgets.test",
    "company_size": "11-50",
    "company_sector": "Manufacturing",
    "industry": "Widget Making",
    "company_city": "Firmville",
    "company_state": "Firmstate",
    "company_country": "Firmland",
    "company_phone_number": "+1 555 0100",
    "company_linkedin_url": "https://www.linkedin.com/company/northern-widgets/",
    "company_twitter_url": "https://twitter.com/northern_widgets",
    "company_facebook_url": "https://www.facebook.com/northern-widgets",
    "company_products_services": ["Round widgets", "Square widgets"],
    "last_funded_on": 1576108800,
    "skills": ["Lathes", "Welding", "Patience"],
    "technologies": [
        {"category": "Finance", "subcategory": "Billing", "technology": "Invoicer", "last_detected": 1589915623},
        {"category": "Storage", "subcategory": "Backup", "technology": "Rewinder", "last_detected": 1591092110},
        {"category": "Finance", "subcategory": "Payroll", "technology": "Payer"},
    ],
    "experience": [
        {
            "title_name": "Apprentice",
            "company_name": "Old Widgets",
            "company_website": "old-widgets.test",
            "company_size": "501-1000",
            "company_profile": {
                "facebook_url": "fb.test/old",
                "twitter_url": "tw.test/old",
                "crunchbase_url": "cb.test/old",
            },
            "location": {"city": "Oldville", "state": "Oldstate", "country": "Oldland"},
            "is_primary": "false",
            "end_date": 2016,
        },
        {
            "title_name": "Head of All Widgets",
            "company_name": "New Widgets",
            "company_website": "new-widgets.test",
            "company_size": "1-10",
            "company_profile": {},
            "location": {"city": "Newville", "state": "Newstate", "country": "Newland"},
            "is_primary": "true",
            "end_date": [],
        },
    ],
    "education": [
        {
            "school_name": "Early School",
            "school_location": "Earlyville",
            "school_website": "early.test",
            "degrees": ["Bachelor of Widgets"],
            "start_date": 2002,
            "end_date": 2006,
        },
        {
            "school_name": "Late School",
            "school_location": "Lateville",
            "school_website": "late.test",
            "degrees": ["Master of Widgets", "Doctor of Widgets"],
            "start_date": 2007,
            "end_date": 2009,
        },
        {"school_name": "Undated School", "degrees": [], "end_date": []},
    ],
}


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


# ── the catalogue ──


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
    facts = Facts(Outcome.ENRICHED, datetime(2026, 11, 24, 9, 30, tzinfo=UTC), lead["linkedin_url"])
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
    assert fields_page.PAGE.read_text(encoding="utf-8") == fields_page.page(), "run python -m local.fields_page"


@pytest.mark.parametrize("text", re.findall(r"^\| `([^`]+=[^`]+)` \|", fields_page.page(), re.MULTILINE))
def test_custom_fields_on_the_page_work(text: str) -> None:
    [field] = select(split(text))
    assert field.group == "Custom"


def test_importing_compiles_nothing() -> None:
    program = (
        "import functions.fields, jmespath.parser, functions.fields.expressions as e;"
        "assert not jmespath.parser.Parser._CACHE and not e._parsed.cache_info().currsize"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[2])


# ── what the fields make ──


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
    assert (cell("first_name", {"name": name}), cell("last_name", {"name": name})) == parts


def test_without_a_lead_only_what_leadfill_knows_is_left() -> None:
    fields = select(["email", "status", "enriched_at", "linkedin_url", "skills", "First=skills[0]"])
    assert project(None, Facts(Outcome.UNUSABLE), fields) == ["", "unusable", "", "", "", ""]


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
            assert cell("enriched_at", None, Facts(Outcome.KNOWN, moment)) == "2026-11-24T09:30:00Z"
            assert cell("last_funded_on", {"last_funded_on": 1576108800 - 1}) == "2019-12-11"
    finally:
        time.tzset()


# ── choosing ──


@pytest.mark.parametrize("name", ["size", " SIZE ", "Company size", "company  SIZE", "company_size", "Company-Size"])
def test_a_field_has_a_name_and_a_header_in_any_spelling(name: str) -> None:
    [field] = select([name])
    assert field.name == "size"
    assert is_named_by(field, name)
    assert not is_named_by(field, "sizes")


def test_fields_keep_the_order_of_their_names() -> None:
    assert [field.header for field in select(["size", "Email", "First skill=skills[0]", "title"])] == [
        "Company size",
        "Email",
        "First skill",
        "Title",
    ]


def test_the_names_of_selected_fields_select_them_again() -> None:
    fields = select(["Email", " Best = join(', ', skills[:2]) ", "size", "Has=contains(skills, 'a=b')"])
    assert select([field.name for field in fields]) == fields


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("emial", "“emial”; did you mean `email`?"),
        ("Compny sise", "did you mean `size`?"),
        ("lead_title", "Slintel's lead_title is the field `title`"),
        ("divison", "did you mean `division`?"),
        ("skills[0]", "a custom field needs a header: `My header=skills[0]`"),
        ("skills[?@=='Sales']", "needs a header: `My header=skills[?@=='Sales']`"),
        ("skills[?@!='Sales']", "needs a header"),
        ("qqqqqqqq", "There is no field “qqqqqqqq”. The sidebar"),
        (" ", "A field has no name."),
    ],
)
def test_an_unknown_field_is_refused_with_the_nearest_one(name: str, hint: str) -> None:
    with pytest.raises(UnknownField) as refusal:
        select(["title", name])
    if name == "divison":  # the API's own spelling is the key of a field, and close to its name besides
        assert "`division`" in str(refusal.value)
    else:
        assert hint in str(refusal.value)
    assert str(refusal.value).endswith("list all fields.")


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ([], "No field is chosen"),
        (["email", "Email"], "“Email” is chosen twice"),
        (["email", "E-MAIL=name", "Email=name"], "“Email” is chosen twice"),
        (["email"] * (MAX_FIELDS + 1), "101 fields are chosen; at most 100"),
        (["x" * 10_000_000], "10000000 characters long"),
        (["=skills"], "needs a header"),
        (["A\nB=skills"], "needs a header of one line"),
        ([f"{'h' * 101}=skills"], "needs a header"),
        (["X="], "The expression of “X” is empty"),
        (["X=skills[0"], "“X” is not valid JMESPath at its end: something is missing."),
        (["X=skills name"], "is not valid JMESPath at character 8, “name”."),
        (["X=skills.#"], "is not valid JMESPath at character 8, “#”."),
        (["X='open"], "is not valid JMESPath at character 1, “'open”."),
        (["X=first(skills)"], "calls first(), which JMESPath does not have; it has abs, avg,"),
        (["X=length()"], "gives length() 0 arguments; it takes 1."),
        (["X=join('a')"], "gives join() 1 argument; it takes 2."),
        (["X=merge()"], "gives merge() 0 arguments; it takes 1 or more."),
        (["X=sort_by(experience, name)"], "must give sort_by() an expression that begins with “&” as argument 2"),
        (["X=&skills"], "uses “&” outside a function"),
        (["X=skills[::0]"], "step 0"),
        ([f"X={'a' * (MAX_LENGTH + 1)}"], "is 501 characters long; at most 500"),
        ([f"X={'(' * 240}a{')' * 240}"], "nested too deeply"),
        ([f"X={'!' * 499}a"], "nested too deeply"),
        ([f"X={'*.' * 240}a"], "nested too deeply"),
        ([f"X={'a|' * 240}a"], "nested too deeply"),
        (["X=" + "|".join(["[@,@]"] * 7)], f"repeats its input more than {MAX_GROWTH} times"),
        (["X=" + "|".join(["[@,@][]"] * 7) + "|length(@)"], "repeats its input"),
        (["X=(" + "|".join(["[@,@]"] * 7) + ")=='a'"], "repeats its input"),
        (["X=skills[?" + "|".join(["[@,@]"] * 7) + "]"], "repeats its input"),
        (["X=" + "|".join(["{a: @, b: @}"] * 7)], "repeats its input"),
        (["X=join('" + "-" * 200 + "', [@,@,@,@,@,@,@,@,@,@][])"], "repeats its input"),
        (["X=to_string(to_string(to_string(@)))"], "repeats its input"),
        (["X=join('" + "ab" * 200 + "',skills)|join('" + "c" + "',[@,@])"], "repeats its input"),
        (["X=map(&[@,@,@,@,@,@,@,@,@],map(&[@,@,@,@,@,@,@,@,@],skills))"], "repeats its input"),
    ],
)  # fmt: skip
def test_a_wrong_choice_is_refused_in_a_sentence(names: list[str], sentence: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        select(names)
    assert sentence in str(refusal.value)
    assert len(str(refusal.value)) < 1000


# ── custom fields ──


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("skills[0]", "Lathes"),
        ("skills[9]", ""),
        ("experience[0].location", "city: Oldville, state: Oldstate, country: Oldland"),
        ("education[?end_date==`2006`].degrees", "Bachelor of Widgets"),
        ("contains(skills, 'Welding')", True),
        ("contains(name, `1`)", ""),  # what Python calls a TypeError
        ("length(skills)", 3),
        ("length(last_funded_on)", ""),
        ("avg(education[?type(end_date)=='number'].end_date)", 2007.5),
        ("to_number('1e999')", ""),
        ("ceil(to_number('1e999'))", ""),
        ("{mail: email, none: nothing, empty: `[]`}", "mail: given@northern-widgets.test"),
        ("nothing || [nothing, `[]`, `{}`, ''] || 'x'", ""),
        ("last_funded_on", "2019-12-12"),
        ("technologies[*].last_detected", "2020-05-19; 2020-06-02"),
        ("max(technologies[:2].last_detected)", "2020-06-02"),
        ("skills[?@!='Welding'] | join('/', @)", "Lathes/Patience"),
        ("sort_by(education[:2], &start_date)[-1].school_name", "Late School"),
    ],
)
def test_a_custom_field_makes_this(expression: str, expected: CellValue) -> None:
    value = cell(f"X={expression}")
    assert (value, type(value)) == (expected, type(expected))


TEMPLATES = (  # above all such as multiply their input
    *("[{0},{0}]", "{0}[]", "{0}[*]", "{0}|values(@)", "to_string({0})", "[{0}]", "{{long_key_for_growth: {0}}}"),
    *("{0}|{1}", "[{0},{1}]", "{0}[*].[{1}]", "map(&{0},to_array({1}))", "{0}||{1}", "{0}=={1}", "{0}[?{1}]"),
    *("join('-+-',[to_string({0}),to_string({1})])", "merge({{a:{0}}},{{b:{1}}})", "[{0},{1},{0},{1}][]"),
)


def nested(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Expressions out of expressions."""
    return st.builds(str.format, st.sampled_from(TEMPLATES), parts, parts)


@given(
    st.recursive(
        st.sampled_from(["@", "skills", "*", "education[0]", "'some words'", "`[1,2]`"]), nested, max_leaves=24
    )
)
def test_no_accepted_expression_makes_much_of_little(expression: str) -> None:
    try:
        select([f"X={expression}"])
    except InvalidRequest:
        return
    size = len(json.dumps(evaluate(expression, LEAD)))
    assert size <= 32 * MAX_GROWTH * len(json.dumps(LEAD))  # a literal or key counts from its 16th character on


@pytest.mark.filterwarnings("ignore:deprecated string literal syntax:PendingDeprecationWarning")
@given(st.text(alphabet="ab01[](){}*?@&|!=<>.,:'\"`\\- \x00é", max_size=40))
def test_any_text_is_a_field_or_refused(text: str) -> None:
    for name in (text, f"X={text}"):
        try:
            fields = select([name])
        except InvalidRequest as refusal:
            assert str(refusal)  # noqa: PT017 - either outcome is right
        else:
            assert len(project(LEAD, FACTS, fields)) == 1


# ── comma lists ──


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("email,title , company,size", ["email", "title", "company", "size"]),
        (",email,, ", ["email"]),
        ("email; title;company,size", ["email", "title", "company", "size"]),
        ("X='a;b';Y=[a;b],z", ["X='a;b'", "Y=[a;b]", "z"]),
        ("", []),
        ("Two=skills[:2],email", ["Two=skills[:2]", "email"]),
        ("All=join(', ', skills),email", ["All=join(', ', skills)", "email"]),
        ("X={a: id, b: [name, email]},y", ["X={a: id, b: [name, email]}", "y"]),
        (r"X='it\'s, so',y", [r"X='it\'s, so'", "y"]),
        ('X="a,b",Y=`"c,d"`,z', ['X="a,b"', 'Y=`"c,d"`', "z"]),
        ("X='[',y", ["X='['", "y"]),
        ("Person's skill=skills[0],y", ["Person's skill=skills[0]", "y"]),
        ("Phone (work=company_phone,y", ["Phone (work=company_phone", "y"]),
        ("X=skills]],y", ["X=skills]]", "y"]),
        ("X=skills[0,y", ["X=skills[0,y"]),  # the expression is then refused, with the place where it breaks
    ],
)
def test_commas_inside_an_expression_do_not_cut(text: str, parts: list[str]) -> None:
    assert split(text) == parts


@given(st.lists(st.sampled_from([field.name for field in CATALOGUE] + ["X=join(', ',skills)", "Y={a: id, b: name}"])))
def test_what_is_joined_with_commas_is_split_again(names: list[str]) -> None:
    assert split(", ".join(names)) == names
