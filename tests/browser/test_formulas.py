"""ENRICH in cells, in a real browser against the real functions."""

from __future__ import annotations

import re

import psutil
import pytest
from playwright.sync_api import expect

from tests.browser.window import A_VALUE, ROOT, OpenSheet, charged, leads, sample, switched

pytestmark = pytest.mark.xdist_group("browser")


def test_a_formula_in_one_cell(open_sheet: OpenSheet) -> None:
    """One value; several fields spill to the right; what is missing shows as it was asked to."""
    window = open_sheet(leads(2))
    window.connect_formulas()
    window.type("C2", '=ENRICH(B2, "title", "none")')
    window.type("C3", '=ENRICH(B3; "title, company"; "none")')
    for cell in ("C2", "C3", "D3"):
        window.wait(cell, A_VALUE)


def test_before_it_is_connected_a_formula_says_what_to_do(open_sheet: OpenSheet) -> None:
    """A formula in a file where nobody opened Leadfill yet says so, and works by itself once somebody did."""
    window = open_sheet(leads(1))
    window.type("C2", '=ENRICH(B2, "title", "none")')
    window.wait("C2", re.compile("Open Leadfill . Enrich… once"))
    window.enrich()
    window.wait("C2", A_VALUE)


def test_a_formula_over_a_range_and_over_headers(open_sheet: OpenSheet) -> None:
    """One formula fills a block: a row for each URL, a column for each header; a cell that is no URL says why."""
    rows = [[name, url, "", ""] for name, url, *_ in sample()[:13]]
    rows[0] = ["Name", "LinkedIn", "Title", "Company", "Country"]
    rows[4][1] = "linkedin.com/company/example"
    window = open_sheet(rows, title="Spring leads")
    window.connect_formulas()
    before = charged(window.stack)
    window.type("C2", '=ENRICH(B2:B13, C1:E1, "none")')
    window.wait("C2", A_VALUE)
    window.wait("E13", A_VALUE)
    window.wait("C5", re.compile("^⚠ .*person's profile"))
    assert charged(window.stack) - before <= 11
    window.cell("C2").click()
    window.shot("formula", B=300, C=210, D=150, E=120)


def test_every_example_of_the_documentation_calculates(open_sheet: OpenSheet) -> None:
    """What docs/formula.md shows can be typed as it stands."""
    examples = re.findall(r"^\| `(=ENRICH\(.+?\))` \|", (ROOT / "docs" / "formula.md").read_text("utf-8"), re.MULTILINE)
    assert len(examples) >= 5
    rows = leads(49, header=("Name", "LinkedIn", "Title", "Company", "Country"))
    rows[1] = sample()[2][:2]  # somebody of whom all is known
    window = open_sheet(rows)
    window.connect_formulas()
    for example in examples:
        window.type("F2", example)
        window.wait("F2", A_VALUE)
        window.type("F2", "")
        window.wait("F2", "")


def test_a_block_never_covers_what_somebody_typed(open_sheet: OpenSheet) -> None:
    """Where something stands in the way of a block, the formula shows #REF! and the cell stays; freed, it spills."""
    rows = leads(3)
    rows[2] += ["", "mine"]
    window = open_sheet(rows)
    window.connect_formulas()
    window.type("C2", '=ENRICH(B2:B4, "title, company", "none")')
    window.wait("C2", "#REF!")
    window.wait("D3", "mine")
    window.type("D3", "")
    window.wait("C2", A_VALUE)
    window.wait("D4", A_VALUE)


def test_five_hundred_formulas_dragged_down_and_recalculated_ten_times_charge_once(open_sheet: OpenSheet) -> None:
    """Each of 500 people is charged once; ten recalculations and a reload calculate all of it and charge nothing."""
    window = open_sheet(leads(500))
    window.connect_formulas()
    before = charged(window.stack)
    window.type("C2", '=ENRICH(B2, "title", "none")')
    window.wait("C2", A_VALUE)
    window.page.evaluate("window.leadfillGrid.go([{ row: 1, column: 2, lastRow: 500, lastColumn: 2 }])")
    window.page.keyboard.press("Control+d")
    window.wait_for_all("C", 500)
    assert charged(window.stack) - before == 500
    first = window.shown("C", 500)
    for _ in range(10):
        window.menu("Data", "Recalculate formulas")
        assert "Loading…" in window.shown("C", 500), "it does calculate again"
        window.wait_for_all("C", 500)
    window.page.reload()
    window.page.locator("body[data-ready]").wait_for()
    window.wait_for_all("C", 500)
    assert window.shown("C", 500) == first
    assert charged(window.stack) - before == 500


def test_while_a_person_is_looked_up_the_cell_says_so(open_sheet: OpenSheet) -> None:
    """Loading… until the value is there; one lookup, however often the formula asked."""
    window = open_sheet(leads(1))
    window.connect_formulas()
    before = charged(window.stack)
    with switched(window.stack, latency_s=1.5):
        window.type("C2", '=ENRICH(B2, "title", "none")')
        window.wait("C2", "Loading…")
        window.wait("C2", A_VALUE)
    assert charged(window.stack) - before == 1


def test_after_thirty_seconds_a_formula_shows_an_error_and_the_sheet_goes_on(open_sheet: OpenSheet) -> None:
    """A custom function has 30 s, here as at Google; whoever types it again gets the value."""
    window = open_sheet(leads(1), clock=True)
    window.connect_formulas()
    formula = window.stack.parts["formula"].process
    assert formula is not None
    server = psutil.Process(formula.pid)
    processes = [server, *server.children(recursive=True)]
    for process in processes:
        process.suspend()
    try:
        window.type("C2", '=ENRICH(B2, "title", "none")')
        window.wait("C2", "Loading…")
        window.page.clock.fast_forward(29_000)
        window.wait("C2", "Loading…")
        window.page.clock.fast_forward(2_000)
        window.wait("C2", "#ERROR!")
        window.type("A2", "still works")
        window.wait("A2", "still works")
    finally:
        for process in processes:
            process.resume()
    window.type("C2", '=ENRICH(B2, "title", "none")')
    window.wait("C2", A_VALUE)


def test_freezing_turns_formulas_into_values(open_sheet: OpenSheet) -> None:
    """Freeze formulas leaves what was shown, and no formula: also in the cells that a block had spilled into."""
    window = open_sheet(leads(3))
    window.connect_formulas()
    window.type("C2", '=ENRICH(B2:B4, "title, company", "none")')
    window.wait("D4", A_VALUE)
    shown = [[window.cell(f"{column}{row}").inner_text() for column in "CD"] for row in (2, 3, 4)]
    window.cell("A1").click()
    window.menu("Leadfill", "Freeze formulas")
    expect(window.page.get_by_text("1 formula on this sheet is a value now")).to_be_visible()
    assert window.cells("C2:D4") == shown
    window.page.reload()
    window.wait("D4", shown[2][1])


def test_settings_show_who_connected_formulas_and_revoke_it(open_sheet: OpenSheet) -> None:
    """Revoked, formulas say what to do, also after the sidebar was opened again; connected again, they calculate."""
    window = open_sheet(leads(2))
    window.connect_formulas()
    window.menu("Leadfill", "Settings")
    inside = window.sidebar()
    expect(inside.get_by_text("Connected by you until")).to_be_visible()
    connections = inside.get_by_role("list", name="Who has connected formulas in this spreadsheet")
    expect(connections.get_by_role("listitem")).to_have_count(1)
    inside.get_by_role("button", name="Revoke the connection by you").click()
    inside.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(inside.get_by_text("No longer connected: the connection by you has ended.")).to_be_visible()
    expect(connections.get_by_role("listitem")).to_have_count(0)
    expect(inside.get_by_role("button", name="Connect again")).to_be_focused()
    window.close_sidebar()
    window.type("C2", '=ENRICH(B2, "title", "none")')
    window.wait("C2", re.compile("Formulas may no longer ask in this spreadsheet"))
    window.menu("Leadfill", "Settings")
    inside.get_by_role("button", name="Connect again").click()
    expect(inside.get_by_text("Connected by you until")).to_be_visible()
    window.wait("C2", A_VALUE)


def test_the_sidebar_writes_a_formula_for_what_was_chosen(open_sheet: OpenSheet) -> None:
    """Choose rows and fields, see the formula and what it can cost; it goes into free cells and fills them."""
    window = open_sheet(leads(3))
    inside = window.enrich()
    inside.get_by_role("button", name="Next: fields").click()
    inside.get_by_role("button", name="Formula", exact=True).click()
    expect(inside.get_by_text(re.compile(r'^=ENRICH\(B2:B4, "'))).to_be_visible()
    expect(inside.get_by_text("It looks up 3 people at most.")).to_be_visible()
    window.shot("insert_formula")
    inside.get_by_label("First cell").fill("A2")
    inside.get_by_role("button", name="Insert formula").click()
    expect(inside.get_by_text(re.compile("hold something"))).to_be_visible()
    inside.get_by_label("First cell").fill("C2")
    inside.get_by_role("button", name="Insert formula").click()
    expect(inside.get_by_role("heading", name="Formula inserted")).to_be_visible()
    window.wait("C1", "Email")
    window.page.wait_for_function(  # of one of them, since a provider does not know every address
        "() => [2, 3, 4, 5].some(column => window.leadfillGrid.shownIn(column).slice(1, 4)"
        ".some(text => text && !/^(Loading…|#|⚠)/.test(text)))"
    )
