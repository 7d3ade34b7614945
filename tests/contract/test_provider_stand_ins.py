"""The stand-ins and the adapters agree with the providers' own documents, and with each other (P2)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests

from functions.credits.lookup_result import Found, LookupResult, Missing, NoAnswer, Refused, Throttled, Unavailable
from functions.credits.terms import EVERY_NEED, ONLY_EMAIL, Needs, WindowStart
from functions.errors import KeyRejected, QuotaExhausted
from functions.fields import Facts, project, select
from functions.outcomes import Outcome
from functions.profiles import parse
from functions.providers import apollo, people_data_labs, prospeo
from functions.providers.contract import Answer, Balance, Provider
from functions.providers.provider_settings import make
from functions.providers.registry import REGISTRY
from functions.settings import read
from local.child import ROOT
from local.providers.apollo import ApolloShape
from local.providers.client import Sandbox, Sandboxes
from local.providers.lifelike import lifelike
from local.providers.people import lead
from local.providers.people_data_labs import PeopleDataLabsShape
from local.providers.prospeo import ProspeoShape
from local.providers.server import SHAPES
from local.providers.switches import Switches
from local.providers.window import Window

DOCUMENTS = ROOT.parent / "shared" / "data" / "providers"
PDL, PROSPEO, APOLLO = "people_data_labs", "prospeo", "apollo"
NEW = (PDL, PROSPEO, APOLLO)
SLUGS = [f"ada-example-{number}" for number in range(200)]


def document(name: str) -> Any:  # noqa: ANN401 - JSON
    path = DOCUMENTS / name
    if not path.exists():
        pytest.skip(f"the provider's document {name} is not beside the project")
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def running() -> Iterator[dict[str, Sandbox]]:
    with Sandbox(PDL) as first, Sandbox(PROSPEO) as second, Sandbox(APOLLO) as third:
        yield {PDL: first, PROSPEO: second, APOLLO: third}


@pytest.fixture
def sandboxes(running: dict[str, Sandbox]) -> dict[str, Sandbox]:
    for sandbox in running.values():
        sandbox.reset()
    return running


@contextmanager
def provider(sandbox: Sandbox, name: str, key: str = "team-key", timeout_s: float = 30) -> Iterator[Provider]:
    made = REGISTRY[name].make(sandbox.url, key, concurrency=2, timeout_s=timeout_s)
    try:
        yield made
    finally:
        made.close()


def look_up(sandbox: Sandbox, name: str, slug: str, needs: Needs = EVERY_NEED, key: str = "team-key") -> Answer:
    with provider(sandbox, name, key) as made:
        return made.look_up(parse(f"linkedin.com/in/{slug}"), needs)


def look_all_up(sandbox: Sandbox, name: str, needs: Needs = EVERY_NEED) -> dict[str, Answer]:
    with provider(sandbox, name) as made:
        return {slug: made.look_up(parse(f"linkedin.com/in/{slug}"), needs) for slug in SLUGS[:80]}


def found(answers: dict[str, Answer]) -> dict[str, Found]:
    return {slug: answer.result for slug, answer in answers.items() if isinstance(answer.result, Found)}


# Held against the documents.


def nullable(schema: Any) -> Any:  # noqa: ANN401 - JSON
    """The same schema, where every value may be null: PDL's document leaves absent values out of its types."""
    if isinstance(schema, list):
        return [nullable(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: nullable(value) for key, value in schema.items() if key not in {"format", "enum", "required"}}
    return {"anyOf": [made, {"type": "null"}]} if "type" in made and isinstance(made["type"], str) else made


def test_the_stand_in_of_people_data_labs_has_the_documented_keys_and_types() -> None:
    described = document("people_data_labs_person_enrich.json")
    schema = nullable(described["components"]["schemas"]["Person"])
    # The document says text; the vendor's pages and every answer have a list.
    schema["anyOf"][0]["properties"]["job_title_levels"] = {"type": "array", "items": {"type": "string"}}
    parts = {"components": {"schemas": nullable(described["components"]["schemas"])}}
    validator = jsonschema.Draft202012Validator(schema | parts)
    for slug in SLUGS:
        validator.validate(PeopleDataLabsShape().data(slug))


def same_types(made: Any, documented: Any, path: str = "") -> list[str]:  # noqa: ANN401 - JSON
    """The paths at which a made value has a key or a type that the documented example has not."""
    if made is None or documented is None:
        return []
    if isinstance(made, dict) and isinstance(documented, dict):
        unknown = [f"{path}.{key}" for key in made.keys() - documented.keys()]
        shared = made.keys() & documented.keys()
        return unknown + [wrong for key in shared for wrong in same_types(made[key], documented[key], f"{path}.{key}")]
    if isinstance(made, list) and isinstance(documented, list):
        return [wrong for item in made for wrong in same_types(item, documented[0], f"{path}[]")] if documented else []
    return [] if type(made) is type(documented) else [path]


def test_the_stand_in_of_prospeo_has_the_documented_keys_and_types() -> None:
    documented = document("prospeo_enrich_person.json")
    example = documented["answer_200"]
    for slug in SLUGS:
        made = ProspeoShape().answer(slug, masked_rate=0.5)
        assert same_types(made, example) == []
        assert made["person"].keys() == example["person"].keys()
    codes = {body["error_code"] for _, body in documented["errors"]}
    assert {"NO_MATCH", "INVALID_DATAPOINTS", "INSUFFICIENT_CREDITS", "INVALID_API_KEY", "RATE_LIMITED"} <= codes


def test_the_stand_in_of_apollo_has_the_documented_keys_and_types(sandboxes: dict[str, Sandbox]) -> None:
    described = document("apollo_people_match.json")["paths"]["/people/bulk_match"]["post"]["responses"]
    schema = nullable(described["200"]["content"]["application/json"]["schema"])
    known = schema["anyOf"][0]["properties"]["matches"]["anyOf"][0]["items"]["anyOf"][0]["properties"]
    validator = jsonschema.Draft202012Validator(schema)
    for slug in SLUGS:
        made = ApolloShape().match(slug, Switches(masked_rate=0.2, bounced_rate=0.2))
        assert made.keys() <= known.keys()
        validator.validate({"matches": [made], "credits_consumed": 1})
    answered = requests.post(
        f"{sandboxes[APOLLO].url}/people/bulk_match",
        json={"details": [{"linkedin_url": "http://www.linkedin.com/in/ada-example-1"}]},
        headers={"x-api-key": "team-key"},
        timeout=30,
    ).json()
    assert answered.keys() <= schema["anyOf"][0]["properties"].keys()
    validator.validate(answered)


def test_the_adapters_read_the_documented_examples() -> None:
    person = document("prospeo_enrich_person.json")["answer_200"]
    cells = cells_of(prospeo.to_lead(person["person"], person["company"]))
    assert cells == {
        "email": "ada@example.com",
        "email_status": "verified",
        "name": "Ada Example",
        "title": "CEO, chairman, and co-founder",
        "function": "Founder; Chief Executive",
        "seniority": "C-Suite",
        "location": "San Francisco, California, United States",
        "company": "Example",
        "company_website": "example.com",
        "size": "1001-2000",
        "industry": "Software Development",
        "company_phone": "+14155550100",
        "company_location": "San Francisco, California, United States",
        "company_linkedin": "https://www.linkedin.com/company/example",
        "products_services": "Customer Support; Live Chat",
        "last_funded_on": "2021-01-01",
        "technologies_by_category": "Marketing automation: 6sense; CMS: Contentful",
        "current_title": "CEO, chairman, and co-founder",
        "previous_title": "CEO",
        "previous_end_date": "2011-07",
    }
    responses = document("apollo_people_match.json")["paths"]["/people/bulk_match"]["post"]["responses"]
    example = responses["200"]["content"]["application/json"]["examples"]["Result"]["value"]["matches"][0]
    cells = cells_of(apollo.to_lead(example))
    assert cells["email_status"] == "verified"
    assert "@apollo.io" in cells["email"]
    assert (cells["company"], cells["size"], cells["function"]) == ("Apollo.io", "1001-5000", "entrepreneurship")
    assert (cells["division"], cells["seniority"]) == ("executive; founder", "founder")
    assert cells["location"] == "San Francisco, California, United States"
    assert cells["previous_end_date"] == "2015-01-01"


FIELDS = [
    *("email", "email_status", "name", "title", "function", "division", "seniority", "location", "continent"),
    *("company", "company_website", "size", "industry", "company_phone", "company_location", "company_linkedin"),
    *("products_services", "last_funded_on", "technologies_by_category", "current_title", "previous_title"),
    *("previous_end_date", "school", "education_years", "skills"),
]


def cells_of(made: dict[str, Any]) -> dict[str, Any]:
    cells = project(made, Facts(Outcome.ENRICHED), select(FIELDS))
    return {name: cell for name, cell in zip(FIELDS, cells, strict=True) if cell != ""}


def test_people_data_labs_reaches_every_field_of_its_column() -> None:
    data = {
        "full_name": "Ada Example",
        "work_email": "ada@example.com",
        "emails": [{"address": "former@example.com"}],
        "job_title": "Engineer",
        "job_title_role": "engineering",
        "job_title_sub_role": "software",
        "job_title_levels": ["senior", "manager"],
        "job_company_name": "Example",
        "job_company_website": "example.com",
        "job_company_size": "11-50",
        "job_company_industry": "computer software",
        "job_company_linkedin_url": "linkedin.com/company/example",
        "job_company_location_locality": "Berlin",
        "job_company_location_country": "Germany",
        "location_locality": "Lagos",
        "location_country": "Nigeria",
        "location_continent": "Africa",
        "skills": ["python", None, True],
        "experience": [
            {"title": {"name": "Engineer"}, "company": {"name": "Example"}, "is_primary": True, "end_date": None},
            {"title": {"name": "Intern"}, "company": None, "is_primary": False, "end_date": "2016-01"},
            "odd",
        ],
        "education": [
            {"school": {"name": "Old"}, "start_date": "2000", "end_date": "2003-07"},
            {"school": {"name": "New"}, "start_date": "2004-10-01", "end_date": "2008"},
        ],
    }
    assert cells_of(people_data_labs.to_lead(data)) == {
        "email": "ada@example.com",
        "name": "Ada Example",
        "title": "Engineer",
        "function": "engineering",
        "division": "software",
        "seniority": "senior; manager",
        "location": "Lagos, Nigeria",
        "continent": "Africa",
        "company": "Example",
        "company_website": "example.com",
        "size": "11-50",
        "industry": "computer software",
        "company_location": "Berlin, Germany",
        "company_linkedin": "linkedin.com/company/example",
        "current_title": "Engineer",
        "previous_title": "Intern",
        "previous_end_date": "2016-01",
        "school": "New",
        "education_years": "2000-2003; 2004-2008",
        "skills": "python",
    }


# The stand-ins, asked by the adapters.


@pytest.mark.parametrize("name", NEW)
def test_a_provider_knows_its_own_share_of_the_same_people(sandboxes: dict[str, Sandbox], name: str) -> None:
    answers = look_all_up(sandboxes[name], name)
    people = found(answers)
    assert 40 < len(people) < 80
    assert {answer.result for answer in answers.values() if answer.result not in people.values()} == {
        Missing(successful=False)
    }
    assert not any(one.is_other_person for one in people.values())
    assert sum("email" in one.lead for one in people.values()) not in {0, len(people)}
    for slug, one in people.items():
        assert one.lead["name"] in {lead(slug).get("name"), "Ada Example"}
        assert one.lead["id"] == lead(slug)["id"]
    spent = sum(answer.cost or 0 for answer in answers.values())
    assert sandboxes[name].charges()["total"] == len(people) == spent


@pytest.mark.parametrize("name", [PDL, PROSPEO])
def test_a_need_as_a_condition_saves_credits(sandboxes: dict[str, Sandbox], name: str) -> None:
    every = found(look_all_up(sandboxes[name], name))
    with_email = {slug for slug, one in every.items() if one.lead.get("email_status", "verified") == "verified"}
    with_email = {slug for slug in with_email if "email" in every[slug].lead}
    sandboxes[name].reset()
    answers = look_all_up(sandboxes[name], name, ONLY_EMAIL)
    assert found(answers).keys() == with_email
    assert sandboxes[name].charges()["total"] == len(with_email) < len(every)
    assert Missing(successful=False, under=ONLY_EMAIL) in [answer.result for answer in answers.values()]


@pytest.mark.parametrize(
    ("slug", "expected", "charged"),
    [
        ("jane-not-found", Missing(successful=False), 0),
        ("jane-refused", Refused(400), 0),
        ("jane-throttled", Throttled, 0),
        ("jane-unavailable", Unavailable(503), 0),
        ("jane-hang-up-before", NoAnswer(sent=True), 0),
        ("jane-hang-up-after", NoAnswer(sent=True), 1),
    ],
)
@pytest.mark.parametrize("name", NEW)
def test_a_slug_can_ask_for_its_answer(
    sandboxes: dict[str, Sandbox], name: str, slug: str, expected: LookupResult | type[LookupResult], charged: int
) -> None:
    result = look_up(sandboxes[name], name, slug).result
    assert isinstance(result, expected) if isinstance(expected, type) else result == expected
    assert sandboxes[name].charges()["total"] == charged


@pytest.mark.parametrize("name", NEW)
def test_a_key_and_a_quota(sandboxes: dict[str, Sandbox], name: str) -> None:
    slugs = list(found(look_all_up(sandboxes[name], name)))
    sandboxes[name].reset()
    with pytest.raises(KeyRejected):
        look_up(sandboxes[name], name, slugs[0], key="bad-key")
    sandboxes[name].switch(quota=1)
    look_up(sandboxes[name], name, slugs[0])
    with pytest.raises(QuotaExhausted) as caught:
        look_up(sandboxes[name], name, slugs[1])
    assert caught.value.until is None
    assert sandboxes[name].charges()["total"] == 1


@pytest.mark.parametrize("name", NEW)
def test_the_minute_slows_down(sandboxes: dict[str, Sandbox], name: str) -> None:
    sandboxes[name].switch(per_minute=1, retry_after_s=20, retry_after_is_date=True)
    look_up(sandboxes[name], name, "ada-example-1")
    throttled = look_up(sandboxes[name], name, "ada-example-2").result
    assert isinstance(throttled, Throttled)
    assert throttled.retry_after_s is not None
    assert 0 < throttled.retry_after_s <= 60


@pytest.mark.parametrize("name", [PROSPEO, APOLLO])
def test_the_day_waits(sandboxes: dict[str, Sandbox], name: str) -> None:
    sandboxes[name].switch(per_day=1)
    look_up(sandboxes[name], name, "ada-example-1")
    with pytest.raises(QuotaExhausted) as caught:
        look_up(sandboxes[name], name, "ada-example-2")
    assert caught.value.until is not None


@pytest.mark.parametrize("name", NEW)
def test_the_closest_match_is_known_as_somebody_else(sandboxes: dict[str, Sandbox], name: str) -> None:
    sandboxes[name].switch(other_person_rate=1)
    people = found(look_all_up(sandboxes[name], name))
    assert people
    assert all(one.is_other_person for one in people.values())
    assert sandboxes[name].charges()["total"] == len(people)


@pytest.mark.parametrize("name", NEW)
def test_two_urls_of_one_person_have_one_id_and_are_both_charged(sandboxes: dict[str, Sandbox], name: str) -> None:
    slug = next(iter(found(look_all_up(sandboxes[name], name))))
    sandboxes[name].reset()
    first, second = (look_up(sandboxes[name], name, url).result for url in (slug, f"{slug}-alias"))
    assert isinstance(first, Found)
    assert isinstance(second, Found)
    assert first.lead["id"] == second.lead["id"]
    assert sandboxes[name].charges()["total"] == 2


@pytest.mark.parametrize("name", [PDL, APOLLO])
def test_a_repeat_is_charged_again(sandboxes: dict[str, Sandbox], name: str) -> None:
    slug = next(iter(found(look_all_up(sandboxes[name], name))))
    before = sandboxes[name].charges()["total"]
    assert look_up(sandboxes[name], name, slug).cost == 1
    assert sandboxes[name].charges()["total"] == before + 1


def test_a_repeat_at_prospeo_is_free_by_key_and_after_somebody_else_paid(sandboxes: dict[str, Sandbox]) -> None:
    sandbox = sandboxes[PROSPEO]
    slug = next(iter(found(look_all_up(sandbox, PROSPEO))))
    before = sandbox.charges()["total"]
    assert look_up(sandbox, PROSPEO, slug).cost == 0
    assert look_up(sandbox, PROSPEO, slug, key="another-key").cost == 1
    assert sandbox.charges()["total"] == before + 1
    sandbox.reset()
    sandbox.switch(enriched_before_rate=1)
    assert look_up(sandbox, PROSPEO, slug).cost == 0
    assert sandbox.charges()["total"] == 0


def test_withheld_addresses_are_no_email(sandboxes: dict[str, Sandbox]) -> None:
    sandboxes[PDL].switch(free_plan=True)
    answers = look_all_up(sandboxes[PDL], PDL)
    assert {answer.withheld for slug, answer in answers.items() if slug in found(answers)} == {ONLY_EMAIL}
    sandboxes[PROSPEO].switch(masked_rate=1)
    sandboxes[APOLLO].switch(masked_rate=0.5, bounced_rate=1)
    answers |= look_all_up(sandboxes[PROSPEO], PROSPEO)
    assert not any("email" in one.lead for one in found(answers).values())
    raw = b"".join(one.raw for one in found(answers).values())
    assert b"*****@" in raw
    people = found(look_all_up(sandboxes[APOLLO], APOLLO))
    assert not any("email" in one.lead for one in people.values())
    raw = b"".join(one.raw for one in people.values())
    assert b"email_not_unlocked" in raw
    assert b"bounced" in raw
    assert b"csv_import" not in raw  # the customer's own copy


def test_the_gateway_gives_up_though_the_service_charges() -> None:
    with Sandbox() as sandbox:
        sandbox.switch(latency_s=0.5, gateway_s=0.05)
        with provider(sandbox, "slintel") as made:
            assert made.look_up(parse("linkedin.com/in/ada-example"), EVERY_NEED) == Answer(NoAnswer(sent=True))
        assert sandbox.charges()["total"] == 1


def test_balances_are_those_of_the_stand_ins(sandboxes: dict[str, Sandbox]) -> None:
    for name in (PROSPEO, APOLLO):
        sandboxes[name].switch(quota=100)
        charged = len(found(look_all_up(sandboxes[name], name)))
        with provider(sandboxes[name], name) as made:
            balance = made.balance()
        assert balance == Balance(Decimal(100 - charged), Decimal(charged))
    with provider(sandboxes[APOLLO], APOLLO, "bad-key") as made, pytest.raises(KeyRejected):
        made.balance()


@pytest.mark.parametrize("name", list(REGISTRY))
def test_by_default_a_stand_in_has_the_documented_limits(name: str) -> None:
    switches, day = lifelike(name), timedelta(days=1)
    said = {
        timedelta(seconds=1): switches.burst_per_s,
        timedelta(minutes=1): switches.per_minute,
        timedelta(hours=1): switches.per_hour,
        day: switches.per_day,
    }
    limits = REGISTRY[name].terms.limits
    assert {window: count for window, count in said.items() if count} == {one.window: one.count for one in limits}
    assert {one.starts for one in limits if one.window > timedelta(seconds=1)} == {SHAPES[name].window_starts}
    assert 0 < switches.latency_s < 2


@pytest.mark.parametrize(
    ("starts", "admitted"),
    [
        (WindowStart.CLOCK, [True, True, False, True, True, False]),
        (WindowStart.FIRST_REQUEST, [True, True, False, False, False, True]),
        (WindowStart.ROLLING, [True, True, False, False, False, False]),
    ],
)
def test_a_window_of_each_kind(starts: WindowStart, admitted: list[bool]) -> None:
    """Two in a minute, asked for at 50, 51, 52, 60, 109 and 110 s: what is refused counts, too."""
    times = iter((50.0, 51.0, 52.0, 60.0, 109.0, 110.0))
    window = Window(60.0, starts, lambda: next(times))
    assert [window.take("key", 2).is_admitted for _ in admitted] == admitted


def test_the_hour_of_apollo_waits(sandboxes: dict[str, Sandbox]) -> None:
    sandboxes[APOLLO].switch(per_hour=1)
    look_up(sandboxes[APOLLO], APOLLO, "ada-example-1")
    with pytest.raises(QuotaExhausted) as caught:
        look_up(sandboxes[APOLLO], APOLLO, "ada-example-2")
    assert caught.value.until is not None


@pytest.mark.parametrize("name", [PDL, APOLLO])
def test_a_price_can_be_a_fraction_and_is_stated(sandboxes: dict[str, Sandbox], name: str) -> None:
    sandboxes[name].switch(price=0.25)
    answers = look_all_up(sandboxes[name], name)
    assert {answers[slug].cost for slug in found(answers)} == {Decimal("0.25")}
    assert sandboxes[name].charges()["total"] == len(found(answers)) / 4


def test_several_stand_ins_run_in_one_process_each_at_its_own_address() -> None:
    with Sandboxes() as running:
        settings = read(running.environ)
        assert list(settings.providers) == list(REGISTRY)
        for name, chosen in settings.providers.items():
            made = make(name, chosen)
            assert isinstance(made.look_up(parse("linkedin.com/in/ada-example-1"), EVERY_NEED).result, Found | Missing)
            made.close()


def test_every_registered_provider_has_a_stand_in() -> None:
    assert {path.stem for path in Path(ROOT / "local/providers").glob("*.py")} >= set(REGISTRY)
