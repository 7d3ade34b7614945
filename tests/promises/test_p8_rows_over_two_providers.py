"""P8 over two providers: a row keeps what one gave, says who was not asked, and a retry brings the rest."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path

from functions.credits.needs import filled_by
from functions.credits.terms import Need
from functions.jobs import service
from functions.outcomes import Outcome
from local.providers.client import Sandbox
from local.providers.people import lead
from local.sheets_api.client import SheetsEmulator
from tests.support.desk import desk_at

FIELDS = ("email", "title", "source", "email_source")


def without_address(count: int) -> list[str]:
    """People of whom Slintel's stand-in has no address."""
    slugs = (f"row-{number}" for number in range(100 * count))
    return [slug for slug in slugs if filled_by(lead(slug)) == frozenset({Need.PERSON})][:count]


def test_a_retry_asks_the_provider_that_was_skipped_and_fills_what_is_still_empty(
    tmp_path: Path, sandbox: Sandbox, prospeo: Sandbox, emulator: SheetsEmulator
) -> None:
    slugs = without_address(20)
    rows = [
        ["Name", "LinkedIn"],
        *([f"Name {n}", f"https://www.linkedin.com/in/{slug}"] for n, slug in enumerate(slugs)),
    ]
    with desk_at(
        tmp_path, sandbox, emulator, PROSPEO_API_KEY="key", PROSPEO_BASE_URL=prospeo.url, PROVIDERS="slintel,prospeo"
    ) as desk:
        spreadsheet = desk.sheet(rows)
        job = desk.run(spreadsheet, "Leads!B2:B", FIELDS)  # Prospeo is not named in its ceilings, and may spend nothing
        first = desk.rows(job)
        assert Counter(row.outcome for row in first) == {Outcome.ENRICHED: 20}
        assert all(row.detail.startswith("Prospeo was not asked: This run has used the") for row in first)
        assert prospeo.charges()["requests"] == 0
        job = service.retry(
            desk.context,
            job,
            desk.token,
            retry_in_doubt=False,
            max_credits={"slintel": Decimal(5), "prospeo": Decimal(20)},
        )
        job = desk.drain(job)
        assert (sandbox.charges()["requests"], prospeo.charges()["requests"]) == (20, 20)
        again = desk.rows(job)
        assert Counter(row.outcome for row in again)[Outcome.ENRICHED] == 20
        assert not any(row.detail for row in again)
        columns = desk.columns(spreadsheet)
        emails = [cell for cell in columns["Email"].values() if cell]
        assert len(emails) == prospeo.charges()["total"] > 5
        assert Counter(columns["Email source"].values())["Prospeo"] == len(emails)
