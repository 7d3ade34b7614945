"""A lead of the documented shape, with its oddities; each text is there once, so that a cell shows its origin."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from functions.fields import Facts
from functions.outcomes import Outcome

URL = "http://www.linkedin.com/in/given-family-1"
FACTS = Facts(
    Outcome.ENRICHED, datetime(2026, 11, 24, 9, 30, tzinfo=UTC), URL, source="Slintel", email_source="Slintel"
)

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
