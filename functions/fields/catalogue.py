"""The field catalogue, as data: every value of a lead, and every fact that Leadfill itself knows about a row.

The API, the sidebar, the command line and docs/fields.md are made from it. The lead's shape, its odd spelling
(`divison`) and the examples are those of the Slintel API documentation, "Enrich Lead on LinkedIn Url".
"""

from __future__ import annotations

from dataclasses import dataclass

from functions.fields.cell_format import Rendering
from functions.fields.cell_format import Rendering as R  # noqa: N817 - the table below is read by its columns
from functions.fields.headers import ALIASES

CUSTOM, LEADFILL = "Custom", "Leadfill"
"""The groups of fields that are no part of the catalogue, and of those that Leadfill itself knows."""


@dataclass(frozen=True, slots=True)
class Field:
    """A named value made from a lead, ready for a cell."""

    name: str
    """Its name in requests. A custom field's name is `Header=expression`."""
    header: str
    """The title of its column."""
    group: str
    expression: str
    """JMESPath over the lead; empty for what Leadfill itself knows."""
    rendering: Rendering
    description: str
    example: str
    aliases: tuple[str, ...] = ()
    """Other titles by which its column is recognised."""


@dataclass(frozen=True, slots=True)
class Preset:
    """Fields that are often wanted together."""

    name: str
    fields: tuple[str, ...]


def _group(group: str, *rows: tuple[str, str, str, Rendering, str, str]) -> tuple[Field, ...]:
    return tuple(Field(row[0], row[1], group, *row[2:], aliases=ALIASES.get(row[0], ())) for row in rows)


_PERSON = _group(
    "Person",
    ("email", "Email", "email", R.TEXT, "Work e-mail address.", "deepak@slintel.com"),
    ("email_status", "Email status", "email_status", R.TEXT,
     "What the provider says of the address, such as verified; Slintel says nothing.", ""),
    ("name", "Name", "name", R.TEXT, "Full name.", "Deepak Anchala"),
    ("first_name", "First name", "name", R.FIRST_NAME, "First word of the name, without Dr. and the like.", "Deepak"),
    ("last_name", "Last name", "name", R.LAST_NAME, "The words after the first name, without degrees.", "Anchala"),
    ("title", "Title", "lead_title", R.TEXT, "Job title.", "Founder"),
    ("function", "Function", "function", R.TEXT, "Function in the company.", "Ceo/founder/co-founder"),
    ("division", "Division", "divison", R.TEXT, "Division of the company.", "General"),
    ("seniority", "Seniority", "seniority", R.TEXT, "Level of the position; Slintel does not say it.", ""),
    ("decision_making_power", "Decision-making power", "decision_making_power", R.TEXT, "Say in purchases.", "High"),
    ("slintel_linkedin_url", "LinkedIn URL (Slintel)", "linkedin_url", R.TEXT, "Profile address as Slintel has it.",
     "http://www.linkedin.com/in/deepak-anchala-0043707"),
    ("lead_id", "Lead ID", "id", R.TEXT, "Slintel's identifier of the person.", "5dc164616d4235090c39736b"),
)  # fmt: skip

_LOCATION = _group(
    "Location",
    ("location", "Location", "[city, state, country]", R.PLACE, "City, state and country of the person.",
     "San Francisco, California, United States"),
    ("city", "City", "city", R.TEXT, "City of the person.", "San Francisco"),
    ("state", "State", "state", R.TEXT, "State of the person.", "California"),
    ("country", "Country", "country", R.TEXT, "Country of the person.", "United States"),
    ("continent", "Continent", "continent", R.TEXT, "Continent of the person.", "North America"),
)  # fmt: skip

_COMPANY = _group(
    "Company",
    ("company", "Company", "company_name", R.TEXT, "Name of the company.", "Slintel"),
    ("company_website", "Company website", "company_website", R.TEXT, "Website of the company.", "slintel.com"),
    ("size", "Company size", "company_size", R.TEXT, "Number of employees, as a range.", "11-50"),
    ("sector", "Sector", "company_sector", R.TEXT, "Sector of the company.", "Technology"),
    ("industry", "Industry", "industry", R.TEXT, "Industry of the company.", "Computer Software"),
    ("company_phone", "Company phone", "company_phone_number", R.TEXT, "Telephone of the company.", "214-400-7300"),
    ("company_location", "Company location", "[company_city, company_state, company_country]", R.PLACE,
     "City, state and country of the company.", "Santa Clara, California, United States"),
    ("company_city", "Company city", "company_city", R.TEXT, "City of the company.", "Santa Clara"),
    ("company_state", "Company state", "company_state", R.TEXT, "State of the company.", "California"),
    ("company_country", "Company country", "company_country", R.TEXT, "Country of the company.", "United States"),
    ("company_linkedin", "Company LinkedIn", "company_linkedin_url", R.TEXT, "LinkedIn page of the company.",
     "https://www.linkedin.com/company/slintel/"),
    ("company_twitter", "Company Twitter", "company_twitter_url", R.TEXT, "Twitter page of the company.",
     "https://twitter.com/slintel_inc"),
    ("company_facebook", "Company Facebook", "company_facebook_url", R.TEXT, "Facebook page of the company.",
     "https://www.facebook.com/Slintel-1070643269715139/"),
    ("products_services", "Products and services", "company_products_services", R.TEXT, "What the company offers.",
     "Information and Communications Technology (ICT); Information Technology; …"),
    ("last_funded_on", "Last funded on", "last_funded_on", R.DATE, "Date of the latest funding round.", "2019-12-12"),
    ("company_id", "Company ID", "company_id", R.TEXT, "Slintel's identifier of the company.",
     "5c3b016dd55ae49f1b77d266"),
)  # fmt: skip

_ENTRY = (  # of `experience`: name, header, path, rendering, description, examples of the current and the previous one
    ("title", "title", "title_name", R.TEXT, "Title", ("Founder", "Vp, Business Development")),
    ("company", "company", "company_name", R.TEXT, "Company", ("Slintel", "Tracxn")),
    ("company_website", "company website", "company_website", R.TEXT, "Website", ("slintel.com", "tracxn.com")),
    ("company_size", "company size", "company_size", R.TEXT, "Number of employees", ("1-10", "501-1000")),
    ("location", "location", "location.[city, state, country]", R.PLACE, "City, state and country",
     ("Mountain View, California, United States", "Palo Alto, California, United States")),
    ("city", "city", "location.city", R.TEXT, "City", ("Mountain View", "Palo Alto")),
    ("state", "state", "location.state", R.TEXT, "State", ("California", "California")),
    ("country", "country", "location.country", R.TEXT, "Country", ("United States", "United States")),
    ("company_facebook", "company Facebook", "company_profile.facebook_url", R.TEXT, "Facebook page",
     ("", "facebook.com/tracxn")),
    ("company_twitter", "company Twitter", "company_profile.twitter_url", R.TEXT, "Twitter page",
     ("", "twitter.com/tracxn")),
    ("company_crunchbase", "company Crunchbase", "company_profile.crunchbase_url", R.TEXT, "Crunchbase page",
     ("", "crunchbase.com/organization/tracxn")),
    ("end_date", "end date", "end_date", R.MOMENT, "End, where it is known,", ("", "")),
)  # fmt: skip


def _position(which: str, place: int, test: str) -> tuple[Field, ...]:
    """The fields of one entry of `experience`; `is_primary` is the string "true" in the documented example."""
    entry = f"experience[?to_string(is_primary){test}'true'] | [0]"
    return _group(
        f"{which} position",
        *(
            (
                f"{which.lower()}_{name}",
                f"{which} {header}",
                f"{entry}.{path}",
                rendering,
                f"{description} of the {which.lower()} position.",
                examples[place],
            )
            for name, header, path, rendering, description, examples in _ENTRY
        ),
    )


_EXPERIENCE = _group(
    "Experience",
    ("experience", "Experience", "experience[*].[title_name, company_name]", R.POSITIONS, "Every position.",
     "Founder at Slintel; Vp, Business Development at Tracxn"),
    ("experience_titles", "Experience titles", "experience[*].title_name", R.TEXT, "Title of every position.",
     "Founder; Vp, Business Development"),
    ("experience_companies", "Experience companies", "experience[*].company_name", R.TEXT,
     "Company of every position.", "Slintel; Tracxn"),
    ("experience_websites", "Experience websites", "experience[*].company_website", R.TEXT,
     "Company website of every position.", "slintel.com; tracxn.com"),
    ("experience_sizes", "Experience sizes", "experience[*].company_size", R.TEXT,
     "Number of employees in every position.", "1-10; 501-1000"),
    ("experience_locations", "Experience locations", "experience[*].location.[city, state, country]", R.TEXT,
     "Place of every position.", "Mountain View, California, United States; Palo Alto, California, United States"),
    ("experience_profiles", "Experience profiles", "experience[*].company_profile.*[]", R.TEXT,
     "Every known page of the company of every position.",
     "facebook.com/tracxn; twitter.com/tracxn; crunchbase.com/organization/tracxn"),
    ("experience_end_dates", "Experience end dates", "experience[*].end_date", R.MOMENT,
     "End of every position, where it is known.", ""),
    ("experience_count", "Experience count", "length(experience)", R.TEXT, "Number of positions.", "2"),
)  # fmt: skip

# Also survives years that are missing or `[]`, on which max_by alone would give up.
_SCHOOL = "(max_by(education[?type(end_date)=='number'], &end_date) || education[0])"

_EDUCATION = _group(
    "Education",
    ("school", "School", f"{_SCHOOL}.school_name", R.TEXT, "The latest school.",
     "Indian Institute Of Management Indore"),
    ("school_location", "School location", f"{_SCHOOL}.school_location", R.TEXT, "Place of the latest school.",
     "Indore, Madhya Pradesh, India"),
    ("school_website", "School website", f"{_SCHOOL}.school_website", R.TEXT, "Website of the latest school.",
     "iimidr.ac.in"),
    ("degrees", "Degrees", f"{_SCHOOL}.degrees", R.TEXT, "Degrees of the latest school.",
     "Master Of Business Administration; Masters"),
    ("education_start", "Education start", f"{_SCHOOL}.start_date", R.MOMENT, "First year at that school.", "2006"),
    ("education_end", "Education end", f"{_SCHOOL}.end_date", R.MOMENT, "Last year at that school.", "2008"),
    ("education", "Education", "education[*].[school_name, degrees, end_date]", R.TEXT,
     "Every school with its degrees and last year.",
     "Indian Institute Of Management Indore, Master Of Business Administration, Masters, 2008; …"),
    ("schools", "Schools", "education[*].school_name", R.TEXT, "Every school.",
     "Indian Institute Of Management Indore; Indian Institute Of Technology Kharagpur"),
    ("school_locations", "School locations", "education[*].school_location", R.TEXT, "Place of every school.",
     "Indore, Madhya Pradesh, India; Kharagpur, West Bengal, India"),
    ("school_websites", "School websites", "education[*].school_website", R.TEXT, "Website of every school.",
     "iimidr.ac.in; iitkgp.ac.in"),
    ("all_degrees", "All degrees", "education[*].degrees[]", R.TEXT, "Degrees of every school.",
     "Master Of Business Administration; Masters; Bachelors"),
    ("education_years", "Education years", "education[*].[start_date, end_date]", R.PERIODS,
     "First and last year at every school.", "2006-2008; 2002-2006"),
)  # fmt: skip

_SKILLS = _group(
    "Skills",
    ("skills", "Skills", "skills", R.TEXT, "Every skill.",
     "Business Strategy; Portfolio Management; Financial Modeling; …"),
    ("skills_count", "Skills count", "length(skills)", R.TEXT, "Number of skills.", "18"),
)  # fmt: skip

_TECHNOLOGIES = _group(
    "Technologies",
    ("technologies", "Technologies", "technologies[*].technology", R.TEXT, "Every technology the company uses.",
     "Square Invoices; Rewind.io"),
    ("technologies_by_category", "Technologies by category", "technologies[*].[category, technology]", R.GROUPED,
     "Technologies under their categories.",
     "Finance and Accounting: Square Invoices; Platform and Storage: Rewind.io"),
    ("technologies_by_subcategory", "Technologies by subcategory", "technologies[*].[subcategory, technology]",
     R.GROUPED, "Technologies under their subcategories.",
     "Billing And Provisioning: Square Invoices; Backup and Disaster Recovery: Rewind.io"),
    ("technology_categories", "Technology categories", "technologies[*].category", R.DISTINCT,
     "Categories in which the company uses a technology.", "Finance and Accounting; Platform and Storage"),
    ("technology_subcategories", "Technology subcategories", "technologies[*].subcategory", R.DISTINCT,
     "Subcategories in which the company uses a technology.",
     "Billing And Provisioning; Backup and Disaster Recovery"),
    ("technologies_detected", "Technologies detected", "technologies[*].[technology, last_detected]", R.DATED,
     "Every technology with the date on which it was last seen.",
     "Square Invoices (2020-05-19); Rewind.io (2020-06-02)"),
    ("technologies_last_detected", "Technologies last detected",
     "max(technologies[?type(last_detected)=='number'].last_detected)", R.DATE,
     "Date on which a technology was last seen.", "2020-06-02"),
    ("technologies_count", "Technologies count", "length(technologies)", R.TEXT, "Number of technologies.", "2"),
)  # fmt: skip

_LEADFILL = _group(
    LEADFILL,
    ("status", "Status", "", R.TEXT, "How the row ended: enriched, known, not found, …; unusable with the reason.",
     "enriched"),
    ("source", "Source", "", R.TEXT, "The provider whose name, position and company these are.", "Slintel"),
    ("email_source", "Email source", "", R.TEXT, "The provider whose e-mail address this is.", "Slintel"),
    ("enriched_at", "Enriched at", "", R.TEXT, "When that provider gave the lead, in UTC.", "2026-11-24T09:30:00Z"),
    ("linkedin_url", "LinkedIn URL (clean)", "", R.TEXT, "The one spelling by which the person is known.",
     "http://www.linkedin.com/in/deepak-anchala-0043707"),
)  # fmt: skip

CATALOGUE: tuple[Field, ...] = (
    *_PERSON,
    *_LOCATION,
    *_COMPANY,
    *_position("Current", 0, "=="),
    *_position("Previous", 1, "!="),
    *_EXPERIENCE,
    *_EDUCATION,
    *_SKILLS,
    *_TECHNOLOGIES,
    *_LEADFILL,
)
"""Every field, in the order in which people see them."""

PRESETS: tuple[Preset, ...] = (
    Preset("Essentials", ("email", "title", "company", "size")),
    Preset("Contact", ("name", "email", "title", "company", "location", "company_phone")),
    Preset("Outreach", ("first_name", "last_name", "email", "title", "company", "industry", "size", "country")),
    Preset(
        "Company",
        ("company", "company_website", "size", "sector", "industry", "company_location", "last_funded_on"),
    ),
    Preset("Background", ("current_title", "previous_title", "previous_company", "school", "degrees", "skills")),
    Preset("Technologies", ("company", "technologies_by_category", "technologies_last_detected")),
    Preset("Bookkeeping", ("status", "enriched_at", "linkedin_url")),
)
"""Names of fields for a start; each can be changed afterwards."""
