"""Choose, plan, run, watch, undo, cancel: the sidebar beside the sheet, against the real functions."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.window import FILL, WAIT_MS, OpenSheet, charged, leads, sample, serious, switched

pytestmark = pytest.mark.xdist_group("browser")

MOST_TABS = 150
"""More than once round the page and the sidebar: a view that is drawn while somebody presses Tab begins again."""


def test_from_choosing_to_undo(open_sheet: OpenSheet) -> None:
    """Choose, plan, run, watch the bar, see the cells; pick an outcome's rows; undo gives all back."""
    window = open_sheet(sample(), title="Spring leads")
    before = window.cells("A1:Z100")
    inside = window.enrich()
    expect(inside.get_by_text("60 rows chosen")).to_be_visible()
    inside.get_by_role("button", name="Next: fields").click()
    expect(inside.get_by_role("button", name="Remove Email")).to_be_visible()
    inside.get_by_role("button", name="Show the plan").click()
    expect(inside.get_by_role("button", name=FILL)).to_be_visible()
    price = int(inside.locator(".price .figure").inner_text())
    window.shot("plan")
    spent = charged(window.stack)
    with switched(window.stack, latency_s=3.0):
        inside.get_by_role("button", name=FILL).click()
        expect(inside.get_by_text("about to be written")).to_be_visible()
        expect(inside.get_by_role("img", name=re.compile("looked up"))).to_be_visible()
        window.shot("run")
        expect(inside.get_by_role("heading", name="Done")).to_be_visible()
    assert 0 < charged(window.stack) - spent <= price
    window.wait("C1", "Email")
    window.page.wait_for_function("() => window.leadfillGrid.shownIn(3).filter(Boolean).length > 40")
    expect(inside.get_by_role("button", name=re.compile("^select .* without Email"))).to_be_visible()
    email, title = (window.page.evaluate("column => window.leadfillGrid.widths[column]", column) for column in (2, 3))
    assert min(email, title) > 130, "as wide as its values"
    window.shot("done", A=110, B=130)
    inside.get_by_role("button", name=re.compile("^Unusable")).click()
    expect(inside.get_by_text("8 rows selected: unusable.")).to_be_visible()
    expect(window.page.locator("#where")).to_have_text("A18:H18")
    expect(window.cell("A23")).to_have_class(re.compile("picked"))
    inside.get_by_role("button", name="Undo this run").click()
    inside.get_by_role("dialog").get_by_role("button", name="Undo").click()
    expect(inside.get_by_role("heading", name="Undone")).to_be_visible()
    window.wait("C1", "Source")
    assert window.cells("A1:Z100") == before
    inside.get_by_role("button", name="New run").click()
    expect(inside.get_by_text("The rows selected in the sheet lie apart.")).to_be_visible()
    expect(inside.get_by_text("60 rows chosen")).to_be_visible()


def test_ten_rows_are_tried_first_and_the_rest_is_planned_with_its_likely_price(open_sheet: OpenSheet) -> None:
    """A condition leaves rows out; a trial fills ten rows; opened again, the sidebar begins with the last run."""
    window = open_sheet(leads(40))
    inside = window.plan("email")
    inside.get_by_text("Only some of the rows").click()
    inside.get_by_label("Condition", exact=True).select_option("contains")
    inside.get_by_label("Value", exact=True).fill("lead 1")
    inside.get_by_role("button", name="Add condition").click()
    expect(inside.get_by_text("29 not meeting your condition")).to_be_visible()
    expect(inside.get_by_role("button", name="Fill 11 rows")).to_be_visible()
    inside.get_by_role("button", name=re.compile("Remove the condition")).click()
    inside.get_by_role("button", name="Try 10 rows").click()
    expect(inside.get_by_text("30 rows more can follow")).to_be_visible()
    spent = charged(window.stack)
    inside.locator("#actions").get_by_role("button", name="Try 10 rows").click()
    expect(inside.get_by_role("heading", name="Trial done")).to_be_visible()
    tried = charged(window.stack) - spent
    assert 0 < tried <= 10
    inside.get_by_role("button", name="Plan the rest").click()
    expect(inside.get_by_text(f"likely {3 * tried}, going by the trial")).to_be_visible()
    window.close_sidebar()
    inside = window.enrich()
    expect(inside.get_by_text(re.compile(r"Last run: \d+ of 10 rows filled\."))).to_be_visible()


def test_a_plan_that_has_become_dearer_is_shown_anew_before_anything_is_spent(open_sheet: OpenSheet) -> None:
    """Somebody adds a row between the plan and its confirmation: both figures are said, and the new plan is there."""
    header, first, last = leads(2)
    window = open_sheet([header, first, ["", ""], last])
    spent = charged(window.stack)
    inside = window.plan("email")
    window.type("B3", leads(1)[1][1])
    window.wait("B3", re.compile("lead-"))
    inside.get_by_role("button", name=FILL).click()
    expect(inside.get_by_role("alert").locator("p")).to_contain_text("3 people to look up now, 2 when you confirmed it")
    expect(inside.locator(".price .figure")).to_have_text("3")
    assert charged(window.stack) == spent
    inside.get_by_role("button", name=FILL).click()
    expect(inside.get_by_role("heading", name="Done")).to_be_visible()
    assert charged(window.stack) <= spent + 3


def test_closing_the_sidebar_stops_nothing_and_cancel_does(open_sheet: OpenSheet) -> None:
    """A run goes on while the sidebar is closed and is shown again when it opens; cancelling ends it.

    The next plan offers the rows that had no answer, without the sidebar being opened again.
    """
    window = open_sheet(leads(400))
    spent = charged(window.stack)
    with switched(window.stack, latency_s=1.0):
        inside = window.run()
        expect(inside.get_by_text("of 400 rows")).to_be_visible()
        window.close_sidebar()
        window.page.reload()
        window.page.locator("body[data-ready]").wait_for()
        inside = window.enrich()
        expect(inside.get_by_text("of 400 rows")).to_be_visible()
        inside.get_by_role("button", name="Cancel run").click()
        expect(inside.get_by_role("heading", name="Cancelled")).to_be_visible()
    expect(inside.get_by_text(re.compile("stopped before the row.s turn"))).to_be_visible()
    assert charged(window.stack) - spent < 400
    inside.get_by_role("button", name="New run").click()
    inside.get_by_role("button", name="Next: fields").click()
    inside.get_by_role("button", name="Show the plan").click()
    inside.get_by_text("Only some of the rows").click()
    inside.get_by_role("button", name=re.compile(r"No answer in the last run \(\d+\)")).click()
    expect(inside.get_by_label("Remove the condition No answer in the last run")).to_be_visible()


def test_a_run_that_was_stopped_is_tried_again(open_sheet: OpenSheet) -> None:
    """A run that ends because Slintel is down says so; a retry, at the price that it names, fills the rest."""
    window = open_sheet(leads(40))
    spent = charged(window.stack)
    with switched(window.stack, error_rate=1.0, statuses=[500]):
        inside = window.run()
        expect(inside.get_by_role("heading", name="Stopped")).to_be_visible(timeout=4 * WAIT_MS)
    expect(inside.locator(".warning")).to_contain_text("did not answer")
    expect(inside.get_by_text("Costs at most 40 credits.")).to_be_visible()
    assert serious(window.frame()) == []
    inside.get_by_role("button", name="Retry 40 rows").click()
    expect(inside.get_by_text("All 40 rows have an answer.", exact=True)).to_be_visible()
    assert charged(window.stack) - spent == 40


def test_rows_that_failed_are_tried_again_and_those_that_were_charged_only_when_ticked(open_sheet: OpenSheet) -> None:
    """A retry that would ask nobody is not offered; what was charged without a readable answer only where ticked."""
    window = open_sheet(leads(6))
    with switched(window.stack, broken_json_rate=1.0):
        inside = window.run()
        expect(inside.get_by_text("0 of 6 rows have an answer.", exact=True)).to_be_visible()
    spent = charged(window.stack)
    expect(inside.get_by_role("button", name="Nothing to retry")).to_be_disabled()
    inside.get_by_label("Also 6 rows where a lookup may have been charged").check()
    expect(inside.get_by_text("Costs at most 6 credits.")).to_be_visible()
    inside.get_by_role("button", name="Retry 6 rows").click()
    expect(inside.get_by_text("All 6 rows have an answer.", exact=True)).to_be_visible()
    assert charged(window.stack) - spent == 6


def test_a_sheet_that_is_sorted_in_another_window_during_a_run(open_sheet: OpenSheet) -> None:
    """Two windows show one sheet live; sorted while it is filled, each value stands beside the URL that it is of."""
    rows = leads(120)
    first = open_sheet(rows)
    with switched(first.stack, latency_s=1.0):
        inside = first.run("linkedin_url")
        expect(inside.get_by_text("of 120 rows")).to_be_visible()
        second = open_sheet(same_as=first)
        second.wait("B2", rows[1][1])
        second.cell("A2").click()
        second.menu("Data", "Sort sheet Z → A by this column")
        second.wait("A2", "Lead 99")
        first.wait("A2", "Lead 99")
        expect(inside.get_by_role("heading", name="Done")).to_be_visible()
    for window in (first, second):
        window.wait_for_all("C", 120)
        assert window.shown("C", 120) == [url.replace("https:", "http:") for url in window.shown("B", 120)]
        assert window.shown("A", 120) == sorted(window.shown("A", 120), reverse=True)
    assert sorted(first.shown("B", 120)) == sorted(url for _, url in rows[1:])


def test_history_and_usage_show_what_was_spent_and_settings_what_is_kept(open_sheet: OpenSheet) -> None:
    """Runs with their price, a chart of credits by day, the caps; then who is signed in, and what can be forgotten."""
    window = open_sheet(sample()[:30], title="Spring leads")
    inside = window.run()
    expect(inside.get_by_role("heading", name="Done")).to_be_visible()
    window.menu("Leadfill", "Run history & usage")
    inside = window.sidebar()
    expect(inside.get_by_role("img", name=re.compile("Credits by day, .* most on"))).to_be_visible()
    expect(inside.get_by_text("Everybody this month")).to_be_visible()
    expect(inside.locator(".jobs li")).to_have_count(1)
    window.shot("history")
    inside.locator(".jobs .job").click()
    expect(inside.get_by_role("heading", name="Done")).to_be_visible()
    window.menu("Leadfill", "Settings")
    expect(inside.get_by_role("heading", name="Settings", level=1)).to_be_visible()
    expect(inside.get_by_text("you@example.com")).to_be_visible()
    inside.get_by_role("button", name="Forget").click()
    expect(inside.get_by_text("Nothing is remembered for “Leads”.")).to_be_visible()
    inside.get_by_role("button", name="Check", exact=True).click()
    expect(inside.get_by_text("All 20 hold.")).to_be_visible()
    expect(inside.get_by_role("list", name="What was tried")).to_contain_text(
        "An empty place in a write leaves its cell"
    )
    window.shot("check")
    assert serious(window.frame()) == []
    inside.get_by_role("button", name="Time a large tab").click()
    expect(inside.get_by_role("dialog")).to_contain_text("a hidden tab of 100,000 rows and 25 columns")
    inside.get_by_role("button", name="Cancel").click()
    inside.get_by_role("button", name="Back to settings").click()
    expect(inside.get_by_role("heading", name="Settings", level=1)).to_be_visible()


def test_a_person_is_erased_and_allowed_again(open_sheet: OpenSheet) -> None:
    """Erasing asks first; afterwards the person is not looked up, until the erasure is lifted."""
    rows = leads(1)
    window = open_sheet(rows)
    window.menu("Leadfill", "Settings")
    inside = window.sidebar()
    inside.get_by_label("LinkedIn profile URL").fill(rows[1][1])
    inside.get_by_role("button", name="Erase").click()
    expect(inside.get_by_role("dialog")).to_contain_text(rows[1][1])
    inside.get_by_role("dialog").get_by_role("button", name="Erase").click()
    expect(inside.get_by_text("The person was erased.")).to_be_visible()
    spent = charged(window.stack)
    window.type("C2", '=ENRICH(B2, "title", "none")')
    window.wait("C2", re.compile("^⚠ .*erased"))
    assert charged(window.stack) == spent
    inside.get_by_label("LinkedIn profile URL").fill(rows[1][1])
    inside.get_by_role("button", name="Allow again").click()
    expect(inside.get_by_role("dialog")).to_contain_text("pays for them again")
    inside.get_by_role("dialog").get_by_role("button", name="Allow again").click()
    expect(inside.get_by_text("may be looked up again")).to_be_visible()
    window.type("D2", '=ENRICH(B2, "company", "none")')
    window.wait("D2", re.compile("^[^⚠L#]"))
    assert charged(window.stack) - spent == 1


def test_the_whole_way_by_keyboard(open_sheet: OpenSheet) -> None:
    """From the menu to the filled sheet without a mouse."""
    window = open_sheet(leads(4))
    keys = window.page.keyboard
    window.page.get_by_role("button", name="Leadfill", exact=True).focus()
    keys.press("Enter")
    expect(window.page.get_by_role("menuitem", name="Enrich…")).to_be_focused()
    keys.press("ArrowDown")
    keys.press("ArrowUp")
    keys.press("Enter")
    inside = window.sidebar()
    expect(inside.get_by_text("4 rows chosen")).to_be_visible()
    window.page.get_by_label("Close Leadfill").focus()
    for name, heading in (("Next: fields", "Choose fields"), ("Show the plan", "4 rows of Leads")):
        target = inside.get_by_role("button", name=name)
        for _ in range(MOST_TABS):
            keys.press("Tab")
            if target.evaluate("button => button === document.activeElement"):
                break
        expect(target).to_be_focused()
        keys.press("Enter")
        expect(inside.get_by_role("heading", name=heading)).to_be_focused()
    start = inside.get_by_role("button", name=FILL)
    for _ in range(MOST_TABS):
        if start.evaluate("button => button === document.activeElement"):
            break
        keys.press("Tab")
    keys.press("Space")
    expect(inside.get_by_role("heading", name="Done")).to_be_focused()
    window.wait("C1", "Email")
    assert [row[0] for row in window.cells("B2:B5")] == window.shown("B", 4)
