"""P8 over two providers: a row keeps what one gave, says who was not asked, and a retry brings the rest."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from functions.credits import retry_policy
from functions.credits.needs import filled_by
from functions.credits.terms import Need
from functions.outcomes import Outcome
from local.providers.client import Sandbox
from local.providers.people import draw, lead
from local.sheets_api.client import SheetsEmulator
from tests.support.desk import desk_at

FIELDS = ("email", "title", "source", "email_source")


def without_address(count: int) -> list[str]:
    """People of whom Slintel's stand-in has no address."""
    slugs = (f"row-{number}" for number in range(100 * count))
    return [slug for slug in slugs if filled_by(lead(slug)) == frozenset({Need.PERSON})][:count]


def two_providers(prospeo: Sandbox) -> dict[str, str]:
    return {"PROSPEO_API_KEY": "key", "PROSPEO_BASE_URL": prospeo.url, "PROVIDERS": "slintel,prospeo"}


@pytest.mark.parametrize("reason", ["skipped", "unreachable"])
def test_a_retry_also_opens_rows_of_people_whom_the_first_provider_does_not_know_or_has_no_address_of(
    tmp_path: Path,
    sandbox: Sandbox,
    prospeo: Sandbox,
    emulator: SheetsEmulator,
    monkeypatch: pytest.MonkeyPatch,
    reason: str,
) -> None:
    monkeypatch.setattr(retry_policy, "FIRST_WAIT_S", 0.01)
    slugs = [slug for slug in without_address(20) if max(draw("prospeo", it, slug) for it in ("known", "email")) < 0.6]
    rows = [["Name", "LinkedIn"], *([slug, f"https://www.linkedin.com/in/{slug}"] for slug in slugs)]
    with desk_at(tmp_path, sandbox, emulator, **two_providers(prospeo)) as desk:
        if reason == "skipped":  # Prospeo may spend nothing
            sandbox.switch(not_found_rate=1.0)
            ended, ceilings = Outcome.NOT_FOUND, {"slintel": Decimal(10)}
        else:
            prospeo.switch(error_rate=1.0, statuses=[503])
            ended, ceilings = Outcome.ENRICHED, {"slintel": Decimal(10), "prospeo": Decimal(10)}
        job = desk.run(desk.sheet(rows), "Leads!B2:B", FIELDS, max_credits=ceilings)
        assert {row.outcome for row in desk.rows(job)} == {ended}
        prospeo.switch(error_rate=0.0)
        assert 3 < len(slugs) < 10
        more = {"slintel": Decimal(0), "prospeo": Decimal(10)}
        job = desk.drain(desk.retry(job, more))
        assert prospeo.charges()["total"] == len(slugs)
        assert {row.outcome for row in desk.rows(job)} == {Outcome.ENRICHED}


def test_a_retry_asks_the_provider_that_was_skipped_and_fills_what_is_still_empty(
    tmp_path: Path, sandbox: Sandbox, prospeo: Sandbox, emulator: SheetsEmulator
) -> None:
    slugs = without_address(20)
    rows = [
        ["Name", "LinkedIn"],
        *([f"Name {n}", f"https://www.linkedin.com/in/{slug}"] for n, slug in enumerate(slugs)),
    ]
    with desk_at(tmp_path, sandbox, emulator, **two_providers(prospeo)) as desk:
        spreadsheet = desk.sheet(rows)
        job = desk.run(spreadsheet, "Leads!B2:B", FIELDS)  # Prospeo is not named in its ceilings, and may spend nothing
        first = desk.rows(job)
        assert Counter(row.outcome for row in first) == {Outcome.ENRICHED: 20}
        assert all(row.detail.startswith("Prospeo was not asked: This run has used the") for row in first)
        assert prospeo.charges()["requests"] == 0
        job = desk.drain(desk.retry(job, {"slintel": Decimal(5), "prospeo": Decimal(20)}))
        assert (sandbox.charges()["requests"], prospeo.charges()["requests"]) == (20, 20)
        again = desk.rows(job)
        assert Counter(row.outcome for row in again)[Outcome.ENRICHED] == 20
        assert not any(row.detail for row in again)
        columns = desk.columns(spreadsheet)
        emails = [cell for cell in columns["Email"].values() if cell]
        assert len(emails) == prospeo.charges()["total"] > 5
        assert Counter(columns["Email source"].values())["Prospeo"] == len(emails)
