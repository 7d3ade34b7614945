"""Every view of the sidebar and of the page can be used with a screen reader, with enough contrast, in any colours.

Views that take a longer way are looked at by the test that goes it: a run that was stopped, the check, two providers.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.window import FILL, WAIT_MS, OpenSheet, Window, leads, serious, switched

pytestmark = pytest.mark.xdist_group("browser")


CUT_OFF = """[...document.querySelectorAll("button, input, select, textarea, p, li")]
  .filter(each => each.getBoundingClientRect().right > window.innerWidth)
  .map(each => `beyond the edge: ${each.textContent || each.id}`)"""


class Found(dict[str, list[str]]):
    """What axe found in each view that was looked at, and what does not fit into the sidebar."""

    def look(self, window: Window, view: str) -> None:
        """Looks at the sidebar."""
        assert view not in self
        self[view] = [*serious(window.frame()), *window.frame().evaluate(CUT_OFF)]

    def check(self) -> None:
        """Nothing was found."""
        assert {view: said for view, said in self.items() if said} == {}


def test_every_step_of_a_run(open_sheet: OpenSheet) -> None:
    window, found = open_sheet(leads(24)), Found()
    inside = window.enrich()
    expect(inside.get_by_text("rows chosen")).to_be_visible()
    found.look(window, "choose")
    inside.get_by_role("button", name="Next: fields").click()
    expect(inside.get_by_role("heading", name="Choose fields")).to_be_visible()
    found.look(window, "fields")
    inside.get_by_label("All fields").fill("company")
    found.look(window, "fields that were searched for")
    inside.get_by_role("button", name="Show the plan").click()
    expect(inside.get_by_role("button", name=FILL)).to_be_visible()
    found.look(window, "plan")
    inside.get_by_role("button", name="Try 10 rows").click()
    expect(inside.get_by_text("14 rows more can follow")).to_be_visible()
    found.look(window, "plan of a trial")
    with switched(window.stack, latency_s=1.0):
        inside.locator("#actions").get_by_role("button", name="Try 10 rows").click()
        expect(inside.get_by_role("button", name="Cancel run")).to_be_visible()
        found.look(window, "run")
        expect(inside.get_by_role("heading", name="Trial done")).to_be_visible(timeout=2 * WAIT_MS)
    found.look(window, "trial that is done")
    inside.get_by_role("button", name="Plan the rest").click()
    inside.get_by_role("button", name=FILL).click()
    expect(inside.get_by_role("heading", name="Done")).to_be_visible()
    inside.locator(".legend button").first.click()
    expect(inside.get_by_text(re.compile("rows? selected"))).to_be_visible()
    found.look(window, "done")
    inside.get_by_role("button", name="Undo this run").click()
    found.look(window, "question")
    inside.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    found.check()


def test_everything_else(open_sheet: OpenSheet) -> None:
    window, found = open_sheet(leads(3)), Found()
    found["page"] = serious(window.page)
    window.page.get_by_role("navigation", name="Menus").get_by_role("button", name="Leadfill", exact=True).click()
    expect(window.page.get_by_role("menuitem", name="Enrich…")).to_be_visible()
    found["menu"] = serious(window.page)
    window.page.get_by_role("menuitem", name="Run history & usage").click()
    inside = window.sidebar()
    expect(inside.get_by_text("No run yet")).to_be_visible()
    found.look(window, "history without a run")
    window.run("email")
    expect(inside.get_by_role("heading", name="Done")).to_be_visible()
    inside.get_by_role("button", name="History & usage").click()
    expect(inside.locator(".jobs li")).to_have_count(1)
    found.look(window, "history")
    inside.get_by_role("button", name="Help").click()
    expect(inside.get_by_text("What Leadfill does")).to_be_visible()
    found.look(window, "help")
    inside.get_by_role("button", name="Settings").click()
    expect(inside.get_by_label("LinkedIn profile URL")).to_be_visible()
    inside.get_by_role("button", name="Erase").click()
    expect(inside.get_by_role("alert")).to_be_visible()
    found.look(window, "settings and a problem")
    inside.get_by_role("button", name="Enrich", exact=True).click()
    inside.get_by_role("button", name="New run").click()
    inside.get_by_role("button", name="Next: fields").click()
    inside.get_by_role("button", name="Formula", exact=True).click()
    expect(inside.get_by_role("button", name="Insert formula")).to_be_visible()
    found.look(window, "formula")
    inside.get_by_role("button", name="Insert formula").click()
    expect(inside.get_by_role("heading", name="Formula inserted")).to_be_visible()
    found.look(window, "formula that is inserted")
    found.check()


def test_an_empty_tab(open_sheet: OpenSheet) -> None:
    window, found = open_sheet([]), Found()
    window.menu("Leadfill", "Enrich…")
    expect(window.sidebar().get_by_text("This tab is empty")).to_be_visible()
    found.look(window, "empty tab")
    found.check()
