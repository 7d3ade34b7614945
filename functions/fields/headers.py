"""Titles of columns in lists of people: other names of the fields, and words by which a header row is recognised."""

from __future__ import annotations

import re
from collections.abc import Sequence

ALIASES: dict[str, tuple[str, ...]] = {
    "email": (
        *("Email Address", "E-mail", "E-mail Address", "Mail", "Work Email", "Work Email Address", "Work E-mail"),
        *("Business Email", "Business Email Address", "Corporate Email", "Professional Email", "Company Email"),
    ),
    "name": ("Full Name", "Contact Name", "Lead Name", "Person Name"),
    "first_name": ("Firstname", "Given Name"),
    "last_name": ("Lastname", "Surname", "Family Name"),
    "title": ("Job Title", "Jobtitle", "Job", "Role", "Job Role", "Position", "Job Position", "Designation"),
    "function": ("Job Function",),
    "seniority": ("Seniority Level",),
    "location": ("Person Location", "Contact Location"),
    "company": ("Company Name", "Organization", "Organisation", "Organization Name", "Employer", "Account Name"),
    "company_website": ("Website", "Company URL", "Company Domain", "Company Site", "Domain"),
    "size": (
        *("Headcount", "Head Count", "Company Headcount", "Employees", "# Employees", "No. of Employees"),
        *("Number of Employees", "Employee Count", "Employee Range", "Company Size Range"),
    ),
    "sector": ("Company Sector",),
    "industry": ("Company Industry",),
    "company_phone": ("Company Phone Number", "Office Phone"),
    "company_location": ("HQ", "HQ Location", "Headquarters", "Company HQ"),
    "company_city": ("HQ City",),
    "company_state": ("HQ State",),
    "company_country": ("HQ Country",),
    "company_linkedin": ("Company LinkedIn URL", "LinkedIn Company URL", "Company LinkedIn Page"),
    "company_twitter": ("Company Twitter URL",),
    "company_facebook": ("Company Facebook URL",),
    "technologies": ("Tech Stack", "Technology Stack"),
    "linkedin_url": ("LinkedIn URL (canonical)",),
    "school": ("University", "College", "Alma Mater"),
}
"""Name of a field → titles of its column in other people's lists, which no column of another meaning has."""

SEARCHED_AS: dict[str, tuple[str, ...]] = {
    "company_phone": ("Mobile", "Cell", "Telephone", "Direct Dial"),
    "seniority": ("Level", "Management Level"),
    "degrees": ("University", "Study"),
    "education": ("University", "College", "Studies"),
    "linkedin_url": ("Profile", "Profile URL"),
    "last_funded_on": ("Funding", "Investment"),
}
"""Name of a field → further words by which people look for it; as titles of a column they could mean something else."""

ADDRESS = re.compile(r"://|linkedin\.com|lnkd\.in", re.IGNORECASE)
"""A web address: no title of a column has one."""
_WORDS = re.compile(
    r"(?:first|last|full)?[ _-]*names?|vorname|nachname|pr[eé]nom|nom|nombre|apellidos?|nome|cognome|naam"
    r"|imi[eę]|nazwisko|e-?mail.*|mail|correo.*|courriel|phone.*|mobile.*|telefon.*|tel\.?|company.*|firma|unternehmen|entreprise"
    r"|empresa|azienda|organi[sz]ation.*|account.*|(?:job|current|lead)?[ _-]*title|position|funktion|poste|cargo|ruolo"
    r"|role|headline|.*linked ?in.*|.*\burls?|.*profile?.*|link|website|web|city|ort|stadt|ville|ciudad|country|land"
    r"|pays|state|region|location|industry|notes?|notiz(?:en)?|comments?|id|.*[ _-]id|no\.?|nr\.?|#|date|datum"
    r"|created.*|connected on|status|source|stage|owner|tags?"
    r"|timestamp|query|error|degree|имя|фамилия|компания|должность"
    r"|氏名|会社|姓名|公司",
    re.IGNORECASE,
)
"""Titles that lists of people have, in several languages."""
_DATA = re.compile(
    r"\S+@\S+\.\S+|.*://.*|.*linkedin\.com/.*|[\d\s.,:/+()-]*\d[\d\s.,:/+()-]*", re.IGNORECASE | re.DOTALL
)
"""Values that are no titles: addresses, numbers, dates."""
_MAX_TITLE = 200


def best_header(above: Sequence[tuple[int, list[str]]]) -> int | None:
    """Return the row that most looks like a header: by words that lists use, then by width, then the first.

    Args:
        above: places of rows, and what they show, each without blanks around it.
    """
    rated = [
        (title_words(row), sum(map(bool, row)), -place)
        for place, row in above
        if not holds_data(row) and max(map(len, row)) <= _MAX_TITLE
    ]
    return -max(rated)[2] if rated else None


def title_words(row: Sequence[str]) -> int:
    """Count the cells that are titles of a list of people."""
    return sum(_WORDS.fullmatch(cell) is not None for cell in row)


def holds_data(row: Sequence[str]) -> bool:
    """Return whether a row holds values rather than titles."""
    filled = [cell for cell in row if cell]
    return sum(_DATA.fullmatch(cell) is not None for cell in filled) * 3 >= len(filled) or any(
        map(ADDRESS.search, filled)
    )
