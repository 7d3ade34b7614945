"""A database with one lead that is known, and a formula that asks for it."""

from __future__ import annotations

from datetime import UTC, datetime

from functions.auth.identity_tokens import Access, Caller
from functions.credits.lead_status import LeadStatus
from functions.profiles import parse
from functions.store import formula_tokens, leads, schema_version
from functions.store.database import Store

SECRET = "Zq3vT8xLw1Yb6Nc0Rk5Jd2Hf9Mg4Ps7A"
CERTIFICATES = "https://www.googleapis.com/oauth2/v1/certs"
"""Named and never fetched: a formula token needs no certificates."""
PROFILE, EMAIL = "linkedin.com/in/jane-doe", "jane@example.com"
FORMULA = {"urls": [[PROFILE]], "fields": ["email"]}


def prepare(database_url: str) -> str:
    """Makes the tables, and a lead that is known → a formula token."""
    store = Store(database_url)
    schema_version.upgrade(store)
    lead = b'{"email": "%s"}' % EMAIL.encode()
    known = leads.Known(LeadStatus.FOUND, datetime.now(UTC), packed=leads.pack(lead))
    with store.writing() as connection:
        leads.learn(connection, {(parse(PROFILE).key, "slintel"): known})
    access = Access(
        audiences=(),
        certs_url=CERTIFICATES,
        allowed_domains=("example.com",),
        allowed_emails=(),
        worker_service_account="",
        secret_key=SECRET,
    )
    text, made = access.issue_formula_token(Caller("1", "you@example.com", "example.com"), "sheet")
    with store.writing() as connection:
        formula_tokens.replace(connection, made)
    store.close()
    return text


def environment(database_url: str) -> dict[str, str]:
    """The lead that the formula's function finds."""
    return {
        "DATABASE_URL": database_url,
        "LEADFILL_SECRET_KEY": SECRET,
        "SLINTEL_API_KEY": "unused",
        "ALLOWED_DOMAINS": "example.com",
    }
