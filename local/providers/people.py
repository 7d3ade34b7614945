"""A believable person for any slug, the same one each time and for every provider.

A person is written in the shape of Slintel's documented lead, with its oddities: everybody may lack a key, or hold null
or an empty text in it; dates that are absent are empty lists; some have hundreds of technologies; a few values begin
with `=`, `+`, `-` or `@`. A slug with `odd-lead` in it is a person with every oddity at once, and one with `huge-lead`
has more in a field than a cell can take. `jane-doe-alias` is a second URL of `jane-doe`: one person, one id.

The other providers write the same person, whole, in their own shapes, and each knows some people only.
"""

from __future__ import annotations

import unicodedata
from random import Random
from typing import Any
from urllib.parse import quote

from local.providers import words

KEPT = frozenset({"id", "linkedin_url"})
"""What every lead has."""

FORMULA_LIKE = {
    "company_name": "=Equals Studio",
    "lead_title": "@Scale Lead",
    "company_phone_number": "+49 30 901820",
    "company_city": "-Nord",
    "industry": "=SUM(1,2)",
}
"""Values that a spreadsheet would calculate, if it were let."""

_EPOCH_2017, _EPOCH_2026 = 1_483_228_800, 1_767_225_600


ALIAS = "-alias"
"""Ends the second URL of a person."""


def lead(slug: str) -> dict[str, Any]:
    """The person behind `http://www.linkedin.com/in/<slug>` as Slintel has it; the slug is percent-decoded."""
    slug = slug.removesuffix(ALIAS)
    random = Random(slug)
    odd, huge = "odd-lead" in slug, "huge-lead" in slug
    made = _person(slug, random, huge=huge)
    if not huge:
        _rub(made, random, odd=odd)
    if odd or random.random() < 0.02:
        made |= dict(FORMULA_LIKE if odd else [random.choice(list(FORMULA_LIKE.items()))])
    return made


def person(slug: str) -> dict[str, Any]:
    """The same person whole: every key has its value."""
    slug = slug.removesuffix(ALIAS)
    return _person(slug, Random(slug), huge="huge-lead" in slug)


def draw(provider: str, what: str, slug: str) -> float:
    """A number in [0, 1) that decides one thing about a person at a provider, the same each time."""
    return Random(f"{provider}/{what}/{slug.removesuffix(ALIAS)}").random()


def _person(slug: str, random: Random, *, huge: bool) -> dict[str, Any]:
    first, last = _name(slug, random)
    company = _company(random)
    title, function, division, power = random.choice(words.ROLES)
    city, state, country, continent = random.choice(words.PLACES)
    return {
        "id": f"{random.getrandbits(96):024x}",
        "continent": continent,
        "country": country,
        "education": [_school(random) for _ in range(random.choice((0, 1, 1, 2, 2, 3)))],
        "decision_making_power": power,
        "city": city,
        "experience": _experience(random, company, title),
        "technologies": _technologies(random, huge=huge),
        "skills": [f"Skill {n}" for n in range(8_000)] if huge else random.sample(words.SKILLS, random.randint(0, 18)),
        "function": function,
        "state": state,
        "email": _email(first, last, company["company_website"]),
        "divison": division,
        "lead_title": title,
        "name": f"{first} {last}",
        "linkedin_url": f"http://www.linkedin.com/in/{quote(slug, safe='')}",
    } | company


def _name(slug: str, random: Random) -> tuple[str, str]:
    """From the slug where it reads like a name, so that a sheet of real URLs makes sense; else from the lists."""
    parts = [part for part in slug.split("-") if part.isalpha() and 1 < len(part) < 20]
    if len(parts) >= 2 and parts[0].islower():
        return parts[0].capitalize(), parts[1].capitalize()
    return random.choice(words.FIRST_NAMES), random.choice(words.LAST_NAMES)


def _email(first: str, last: str, website: str) -> str:
    """Letters without an ASCII form, as all of 李, are left out; so is a name that has no others."""
    names = (unicodedata.normalize("NFKD", name.replace("ł", "l").replace("Ł", "L")) for name in (first, last))
    parts = ["".join(char for char in name if char.isascii() and char.isalnum()) for name in names]
    return f"{'.'.join(filter(None, parts)) or 'lead'}@{website}".lower()


def _company(random: Random) -> dict[str, Any]:
    phone = f"{random.choice(words.DIAL_PREFIXES)}{random.randint(201, 989)}-555-01{random.randint(0, 99):02}"
    name = f"{random.choice(words.COMPANY_NAMES)} {random.choice(words.COMPANY_KINDS)}"
    word = name.lower().replace(" ", "").replace("&", "")
    sector, industry, products = random.choice(words.INDUSTRIES)
    city, state, country, _ = random.choice(words.PLACES)
    return {
        "company_id": f"{random.getrandbits(96):024x}",
        "company_name": name,
        "company_website": f"{word}.example",
        "company_size": random.choice(words.SIZES),
        "company_sector": sector,
        "industry": industry,
        "company_city": city,
        "company_state": state,
        "company_country": country,
        "company_phone_number": phone,
        "company_linkedin_url": f"https://www.linkedin.com/company/{word}/",
        "company_twitter_url": f"https://twitter.com/{word}",
        "company_facebook_url": f"https://www.facebook.com/{word}/",
        "company_products_services": random.sample(products, random.randint(0, len(products))),
        "last_funded_on": random.randrange(_EPOCH_2017, _EPOCH_2026, 86_400),
    }


def _experience(random: Random, company: dict[str, Any], title: str) -> list[dict[str, Any]]:
    """The present job, and former ones; keys come and go from entry to entry."""
    jobs = [_job(random, company, title, primary=True)]
    jobs += [
        _job(random, _company(random), random.choice(words.ROLES)[0], primary=False)
        for _ in range(random.choice((0, 0, 1, 1, 2, 3, 5)))
    ]
    if random.random() < 0.1:
        random.shuffle(jobs)
    return jobs


def _job(random: Random, company: dict[str, Any], title: str, *, primary: bool) -> dict[str, Any]:
    word = company["company_website"].removesuffix(".example")
    city, state, country, _ = random.choice(words.PLACES)
    entry: dict[str, Any] = {
        "is_primary": "true" if primary else "false",
        "company_profile": {
            "facebook_url": f"facebook.com/{word}",
            "twitter_url": f"twitter.com/{word}",
            "crunchbase_url": f"crunchbase.com/organization/{word}",
        },
        "company_website": company["company_website"],
        "company_name": company["company_name"],
        "location": {"country": country, "city": city, "state": state},
        "title_name": title,
        "company_size": company["company_size"],
    }
    if primary:
        entry["end_date"] = []
    elif random.random() < 0.6:
        entry["end_date"] = random.randint(2005, 2025)
    if random.random() < 0.4:
        entry["company_profile"] = {}
    if random.random() < 0.15:
        del entry[random.choice(("company_website", "location", "company_size", "company_profile"))]
    return entry


def _school(random: Random) -> dict[str, Any]:
    name, place, website = random.choice(words.SCHOOLS)
    start = random.randint(1985, 2020)
    entry: dict[str, Any] = {
        "start_date": start,
        "end_date": start + random.randint(1, 5),
        "school_name": name,
        "school_location": place,
        "school_website": website,
        "degrees": random.sample(words.DEGREES, random.randint(0, 2)),
    }
    if random.random() < 0.15:
        entry["end_date"] = []
    if random.random() < 0.15:
        del entry[random.choice(("start_date", "school_location", "school_website", "degrees"))]
    return entry


def _technologies(random: Random, *, huge: bool) -> list[dict[str, Any]]:
    many = huge or random.random() < 0.03
    return [
        {
            "category": category,
            "subcategory": subcategory,
            "technology": technology if n < len(words.TECHNOLOGIES) else f"{technology} {n}",
            "last_detected": random.randint(_EPOCH_2017, _EPOCH_2026),
        }
        for n in range(random.randint(200, 600) if many else random.randint(0, 12))
        for category, subcategory, technology in (words.TECHNOLOGIES[n % len(words.TECHNOLOGIES)],)
    ]


def _rub(person: dict[str, Any], random: Random, *, odd: bool) -> None:
    """Takes away what real records lack."""
    for key in list(person):
        draw = random.random()
        if key in KEPT or draw > (0.5 if odd else 0.10):
            continue
        if draw < 0.05:
            del person[key]
        elif draw < 0.08:
            person[key] = None
        else:
            person[key] = [] if isinstance(person[key], list | int) else ""
