"""Providers of a run in a real browser: their prices in the plan, the choice of who is asked, and what each brought."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import FrameLocator, expect

from local.stack import Stack, stack
from tests.browser.window import FILL, OpenSheet, serious

pytestmark = pytest.mark.xdist_group("browser")

PEOPLE = [["Name", "LinkedIn"], *[[f"Lead {number}", f"linkedin.com/in/lead-{number}"] for number in range(12)]]


@pytest.fixture(scope="module")
def leadfill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack of two providers: half of the people have no address with the first one."""
    with stack(tmp_path_factory.mktemp("providers"), providers=("slintel", "prospeo", "--at-rest")) as running:
        running.steer("slintel", "PUT", "_sandbox/switches", {"no_email_rate": 0.5})
        running.start_page()
        yield running


def charged(leadfill: Stack, provider: str) -> int:
    return int(leadfill.steer(provider, "GET", "_sandbox/charges")["total"])


def waterfall(inside: FrameLocator, text: str) -> None:
    expect(inside.locator("summary", has_text=re.compile(f"^{text}$"))).to_be_visible()


def test_providers_are_chosen_ordered_and_remembered_and_each_has_its_own_bill(
    open_sheet: OpenSheet, leadfill: Stack
) -> None:
    window = open_sheet(PEOPLE)
    expect(window.page.locator("#asked")).to_have_text("SANDBOX: Slintel → Prospeo")
    inside = window.plan("email", "title", "company")
    costs = inside.get_by_label("The most that it costs with each provider").get_by_role("listitem")
    expect(costs).to_have_count(2)
    expect(costs.first).to_contain_text("at most 12 credits")
    expect(costs.first).to_contain_text("asked about 12 people at most · 5,000 left within your limits")
    waterfall(inside, "Slintel → Prospeo")

    inside.locator("summary", has_text="Slintel → Prospeo").click()
    order = inside.get_by_label("Providers in the order in which they are asked")
    again = inside.get_by_role("button", name="Plan with these")
    expect(again).to_be_disabled()
    order.get_by_role("checkbox", name="Slintel").uncheck()
    again.click()
    expect(inside.get_by_text("at most", exact=False).first).to_be_visible()
    waterfall(inside, "Prospeo")
    expect(inside.locator(".price .figure")).to_have_text("12")

    inside.locator("summary", has_text="Prospeo").click()
    order.get_by_role("checkbox", name="Slintel").check()
    inside.get_by_label("Ask Slintel earlier").click()
    again.click()
    waterfall(inside, "Slintel → Prospeo")
    window.shot("providers", A=110, B=230)
    assert serious(window.frame()) == []
    before = charged(leadfill, "slintel"), charged(leadfill, "prospeo")
    assert before == (0, 0), "a plan asks nobody"

    inside.get_by_role("button", name=FILL).click()
    expect(inside.get_by_role("heading", name="Done")).to_be_visible()
    brought = inside.get_by_label("What each provider brought").get_by_role("listitem")
    in_vain = r"( \(\d+ charged answers? (empty or incomplete|without an address)\))?"
    expect(brought.first).to_have_text(
        re.compile(rf"^Slintel: \d+ of 12 lookups found the person, 12 credits{in_vain}$")
    )
    bill = charged(leadfill, "prospeo")
    asked = r"\d+ of \d+ lookups found an e-mail(, \d+ more for the person only)?"
    expect(brought.nth(1)).to_have_text(re.compile(rf"^Prospeo: {asked}, {bill} credits?{in_vain}$"))
    assert (charged(leadfill, "slintel"), 0 < bill < 12) == (12, True)

    inside.get_by_role("button", name="History & usage").click()
    expect(inside.locator(".total .figure")).to_have_text("12")
    inside.get_by_label("Provider", exact=True).select_option("prospeo")
    expect(inside.locator(".total .figure")).to_have_text(str(bill))

    inside.get_by_role("button", name="Settings").click()
    listed = inside.get_by_role("list", name="Providers", exact=True).get_by_role("listitem")
    expect(listed.locator("strong")).to_have_text(["Slintel", "Prospeo", "People Data Labs", "Apollo"])
    expect(listed.nth(1)).to_contain_text("has a key")
    expect(listed.nth(3)).to_contain_text("not used")

    window.close_sidebar()
    inside = window.plan("email", "title", "company", "country")
    waterfall(inside, "Slintel → Prospeo")
    expect(inside.locator(".price .figure")).to_have_text("Free")
