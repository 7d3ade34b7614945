"""Odd values of a provider's answer become no value, and an answer about somebody else is recognised."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.fields import Facts, project
from functions.fields.catalogue import CATALOGUE
from functions.outcomes import Outcome
from functions.profiles import parse
from functions.providers import apollo, lead_shape, people_data_labs, prospeo
from functions.providers.person_match import is_other_person

MEMBER_ID = "ACoAA" + "B" * 34


@pytest.mark.parametrize(
    "value", ["ada@example.com", " ada.b+c@mail.example.co ", "ADA@EXAMPLE.COM", "o'ada@example.com"]
)
def test_an_address_is_an_email(value: str) -> None:
    assert lead_shape.email(value) == value.strip()
    assert lead_shape.email(value, status="verified") == value.strip()


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, False, "", " ", 3, [], ["ada@example.com"], {"email": "ada@example.com"}),
        *("true", "ada.*****@x.com", "a***@example.com", "***@example.com", "email_not_unlocked@domain.com"),
        *("Email_Not_Unlocked@domain.com", "ada", "ada@", "@example.com", "ada@example", "a@b@example.com"),
        *("ada@example.com, bob@example.com", "Ada <ada@example.com>", "not available"),
    ],
)
def test_what_is_withheld_masked_or_odd_is_no_email(value: object) -> None:
    assert lead_shape.email(value) is None


@pytest.mark.parametrize("status", ["bounced", "Bounced", "BOUNCED"])
def test_a_bounced_address_is_no_email(status: str) -> None:
    assert lead_shape.email("ada@example.com", status=status) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *(("2016", 2016), ("2016-01", 2016), ("2016-01-31", 2016), (2016, 2016), (None, None), (True, None)),
        *(("", None), ("20161", None), ("16", None), ("soon", None), (12, None), (99_999, None), (["2016"], None)),
    ],
)
def test_the_year_of_a_partial_date(value: object, expected: int | None) -> None:
    assert lead_shape.year(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2021-01-01T00:00:00", 1_609_459_200),
        ("2021-01-01", 1_609_459_200),
        ("2021-01-01T01:00:00+01:00", 1_609_459_200),
        *((None, None), (True, None), ("", None), ("2021", None), ("soon", None), (2021, None), ([], None)),
    ],
)
def test_a_date_as_unix_time(value: object, expected: int | None) -> None:
    assert lead_shape.unix_time(value) == expected


@pytest.mark.parametrize(
    ("employees", "expected"),
    [
        *((1, "1-10"), (10, "1-10"), (11, "11-50"), (1_600, "1001-5000"), (10_000, "5001-10000")),
        *((10_001, "10001+"), (0, None), (-3, None), (True, None), ("1600", None), (None, None)),
    ],
)
def test_a_head_count_is_shown_as_the_range_that_holds_it(employees: object, expected: str | None) -> None:
    assert lead_shape.size_range(employees) == expected


KEYS = [
    *("email", "work_email", "status", "revealed", "name", "full_name", "title", "company", "location", "current"),
    *("experience", "job_history", "employment_history", "organization", "education", "school", "skills"),
    *("technology", "technology_list", "funding", "latest_funding_date", "departments", "job_title_levels"),
]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 2_100) | st.sampled_from(["", " ", "ada", "2016-01", "a@example.com"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=20,
)
objects = st.dictionaries(st.sampled_from(KEYS), json_values)


@given(objects, st.none() | objects)
def test_no_answer_however_odd_breaks_an_adapter_or_a_field(
    person: dict[str, object], company: dict[str, object] | None
) -> None:
    facts = Facts(Outcome.ENRICHED)
    for made in (people_data_labs.to_lead(person), prospeo.to_lead(person, company), apollo.to_lead(person)):
        assert all(value not in (None, "", [], {}) for value in made.values())
        assert len(project(made, facts, CATALOGUE)) == len(CATALOGUE)
        assert "*" not in made.get("email", "")


@pytest.mark.parametrize(
    ("asked", "urls", "names", "expected"),
    [
        ("ada-example-1", ["linkedin.com/in/ada-example-1"], ("Zoe", "Other"), False),
        ("ada-example-1", ["https://www.linkedin.com/in/Ada-Example-1/"], ("Zoe", "Other"), False),
        ("ada-example-1", ["linkedin.com/in/zoe-other"], ("Zoe", "Other"), True),
        ("ada-example-1", ["linkedin.com/in/ada-renamed"], ("Ada", "Renamed"), False),
        ("ada-example-1", ["linkedin.com/in/a-x"], ("Amalia", "Example"), False),
        ("ada-example-1", ["linkedin.com/in/zoe-other", "linkedin.com/in/ada-example-1"], ("Zoe", "Other"), False),
        ("ada-example-1", ["twitter.com/zoe", None, True, ""], ("Zoe", "Other"), False),
        ("ada-example-1", [f"linkedin.com/in/{MEMBER_ID}"], ("Zoe", "Other"), False),
        (MEMBER_ID, ["linkedin.com/in/zoe-other"], ("Zoe", "Other"), False),
        ("josé-ñandú", ["linkedin.com/in/x-y-z"], ("Jose", "Other"), False),
        ("jose-nandu", ["linkedin.com/in/x-y-z"], ("Zoe", "Ñandú"), False),
        ("ada-example-1", ["linkedin.com/in/zoe-other"], ("A.", "Other"), True),
        ("ada-example-1", ["linkedin.com/in/zoe-other"], (None, True), True),
        ("美咲-佐藤", ["linkedin.com/in/x-y-z"], ("美咲", "Other"), False),
    ],
)
def test_somebody_else(asked: str, urls: list[object], names: tuple[object, ...], expected: bool) -> None:  # noqa: FBT001 - pytest passes by keyword
    assert is_other_person(parse(f"linkedin.com/in/{asked}"), urls, names) is expected


@pytest.mark.parametrize("revealed", [False, None, "true", 1])
def test_an_address_that_prospeo_does_not_reveal_is_no_email(revealed: object) -> None:
    person = {"email": {"email": "ada@example.com", "status": "VERIFIED", "revealed": revealed}}
    assert prospeo.to_lead(person, None) == {}
    person["email"]["revealed"] = True
    assert prospeo.to_lead(person, None) == {"email": "ada@example.com", "email_status": "verified"}
