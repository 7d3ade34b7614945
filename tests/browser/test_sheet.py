"""The sheet in the browser: editing, other windows, large sheets, trouble, who cannot see, who means harm."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Route, expect

from functions import errors
from tests.browser.window import FILL, OpenSheet, Window, leads

pytestmark = pytest.mark.xdist_group("browser")


def test_what_is_typed_into_a_cell_is_in_the_sheet(open_sheet: OpenSheet) -> None:
    """A cell that is edited in the grid is edited in the spreadsheet, and is there after a reload."""
    window = open_sheet([["a", "b"], ["1", "2"]])
    window.cell("A2").click()
    window.page.keyboard.type("hello")
    window.page.keyboard.press("Enter")
    window.wait("A2", "hello")
    window.type("B3", "=1+2")
    window.wait("B3", "3")
    window.page.reload()
    window.wait("A2", "hello")
    window.wait("B3", "3")
    assert window.cells("A2:B3") == [["hello", "2"], ["", "=1+2"]]


def test_a_second_window_sees_a_sort_as_it_happens(open_sheet: OpenSheet) -> None:
    """Two windows show one sheet: what one sorts or types, the other shows without a reload."""
    first = open_sheet([["Name"], ["c"], ["a"], ["b"]])
    second = open_sheet(same_as=first)
    first.cell("A2").click()
    first.menu("Data", "Sort sheet A → Z by this column")
    for row, text in enumerate(["Name", "a", "b", "c"], 1):
        second.wait(f"A{row}", text)
    second.type("B2", "typed there")
    first.wait("B2", "typed there")


def figures(window: Window, rows: int, opened_s: float) -> dict[str, float]:
    """How long a person waits, in seconds: for an edit, the sidebar, and until the last row is scrolled to."""
    took = {"open": opened_s}
    began = time.monotonic()
    window.type("C5", "here")
    window.wait("C5", "here")
    took["edit"] = time.monotonic() - began
    began = time.monotonic()
    inside = window.enrich()
    took["sidebar"] = time.monotonic() - began
    expect(inside.get_by_text(f"{rows:,} rows chosen")).to_be_visible()
    took["rows found"] = time.monotonic() - began
    frame_ms = window.page.evaluate(
        "rows => new Promise(done => { const from = performance.now();"
        " document.querySelector('#grid').scrollTop = window.leadfillGrid.boxOf(rows, 0).top - 300;"
        " requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - from))); })",
        rows,
    )
    took["scroll"] = frame_ms / 1000
    expect(window.cell(f"A{rows + 1}")).to_be_in_viewport()
    expect(window.cell("A1")).to_be_in_viewport()
    return took


def test_a_hundred_thousand_rows_stay_responsive(open_sheet: OpenSheet) -> None:
    """Five hundred times the rows: an edit, the sidebar and scrolling to the end take a few times as long at most."""
    found: dict[int, dict[str, float]] = {}
    for rows in (200, 100_000):
        values = leads(rows)
        began = time.monotonic()
        window = open_sheet(values)
        found[rows] = figures(window, rows, time.monotonic() - began)
        assert window.page.locator("#grid .grid-row").count() < 200, "rows that nobody sees are not drawn"
        window.page.close()
    for rows, took in found.items():
        line = ", ".join(f"{what} {seconds:.2f}" for what, seconds in took.items())
        sys.stdout.write(f"\n{rows} rows, seconds: {line}\n")
    for what in ("edit", "sidebar", "rows found", "scroll"):
        assert found[100_000][what] < 10 * found[200][what] + 1, what


def test_what_is_typed_while_columns_come_is_kept_in_its_cell(open_sheet: OpenSheet) -> None:
    """Columns and rows come while somebody types: text, scroll and selection stay, and Ctrl+Z takes it back there."""
    window = open_sheet(leads(300))
    other = open_sheet(same_as=window)
    keys = window.page.keyboard
    window.page.evaluate("window.leadfillGrid.go([{ row: 200, column: 1, lastRow: 200, lastColumn: 1 }])")
    keys.type("typed ")
    before = window.page.evaluate("document.querySelector('.editor').getBoundingClientRect().top")
    other.cell("A2").click()
    other.menu("Insert", "Columns left")
    other.menu("Insert", "Rows above")
    expect(window.page.get_by_label("Cell C202")).to_be_focused()
    assert window.page.evaluate("document.querySelector('.editor').getBoundingClientRect().top") == before
    keys.type("here")
    keys.press("Enter")
    other.page.evaluate("window.leadfillGrid.go([{ row: 201, column: 2, lastRow: 201, lastColumn: 2 }])")
    other.wait("C202", "typed here")
    window.wait("C202", "typed here")
    keys.press("Control+z")
    window.wait("C202", re.compile("linkedin.com/in/.*-200$"))
    keys.press("Control+y")
    window.wait("C202", "typed here")


def test_from_the_grid_to_the_menus_and_back_and_to_another_file(open_sheet: OpenSheet) -> None:
    """No mouse is needed: F6 and the arrows reach every menu, Escape comes back, File opens the other files."""
    open_sheet([["first file"]], title="First of two")
    window = open_sheet([["second file"]], title="Second of two")
    keys = window.page.keyboard
    expect(window.page.get_by_role("grid")).to_be_focused()
    keys.press("F6")
    expect(window.page.get_by_role("button", name="File", exact=True)).to_be_focused()
    for key in ("ArrowDown", "ArrowRight", "ArrowLeft", "Escape", "Escape"):
        keys.press(key)
    expect(window.page.get_by_role("grid")).to_be_focused()
    keys.press("ArrowDown")
    expect(window.page.get_by_label("Selected cell")).to_have_text("A2")
    window.menu("File", "First of two")
    window.wait("A1", "first file")


def problems() -> Iterator[tuple[str, int, str]]:
    """Every error that the backend raises on purpose: its slug, status and sentence."""
    waiting = [errors.LeadfillError]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        yield kind.slug, kind.status, " ".join((kind.__doc__ or "").split())


def test_every_error_of_the_backend_is_shown_as_its_sentence(open_sheet: OpenSheet) -> None:
    """Whatever the backend refuses a plan with, the person reads why, once, beside a button to try again."""
    window = open_sheet(leads(2))
    inside = window.plan()
    answer: dict[str, object] = {}
    window.page.context.route(
        "**/proxy/api/v1/plan",
        lambda route: route.fulfill(
            status=int(str(answer["status"])), content_type="application/problem+json", body=json.dumps(answer)
        ),
    )
    for slug, status, sentence in problems():
        answer |= {"type": f"urn:leadfill:problem:{slug}", "title": "No", "status": status, "detail": sentence}
        inside.get_by_role("button", name="Back").click()
        inside.get_by_role("button", name="Show the plan").click()
        expect(inside.get_by_role("alert").locator("p")).to_have_text(sentence)
        expect(inside.get_by_role("button", name="Try again")).to_be_visible()
    window.page.context.unroute_all()
    inside.get_by_role("button", name="Try again").click()
    expect(inside.get_by_role("button", name=FILL)).to_be_visible()


def test_with_the_backend_down_the_sheet_works_and_one_sentence_is_shown(open_sheet: OpenSheet) -> None:
    """Without a backend people go on working in their sheet, and are told in one sentence what to do."""
    window = open_sheet(leads(3))
    inside = window.plan()
    running = window.stack
    for part in ("api", "formula"):
        running.parts[part].stop()
    try:
        inside.get_by_role("button", name=FILL).click()
        expect(inside.get_by_role("alert")).to_contain_text("Leadfill's server cannot be reached. Nothing is lost")
        window.type("A2", "still works")
        window.wait("A2", "still works")
        window.type("C2", '=ENRICH(B2, "title", "none")')
        window.wait("C2", re.compile("^⚠ Leadfill's server cannot be reached"))
        window.menu("Leadfill", "Enrich…")
        expect(inside.get_by_text("3 rows chosen")).to_be_visible()
    finally:
        for part in ("api", "formula"):
            running.restart(part)


def test_html_in_a_sheet_and_in_answers_stays_text(open_sheet: OpenSheet) -> None:
    """Markup in headers, cells, names and sentences of the backend is shown as it is and does nothing."""
    evil = '<img src=x onerror="window.harmed=1"><b>x</b>'
    rows = leads(2, header=(evil, f"LinkedIn {evil}"))
    rows[1][0] = evil
    rows += [["Lead", f"https://www.linkedin.com/company/{evil}"]]
    window = open_sheet(rows, title=evil)
    inside = window.enrich()
    expect(inside.get_by_label("Column with LinkedIn URLs")).to_contain_text("LinkedIn <img")
    inside.get_by_role("button", name="Next: fields").click()
    inside.get_by_text("A field of your own").click()
    inside.get_by_label("Title=where the value is").fill("<b>bold</b> skill=skills[0]")
    inside.get_by_role("button", name="Add", exact=True).click()
    expect(inside.get_by_role("button", name="Remove <b>bold</b> skill")).to_be_visible()
    inside.get_by_role("button", name="Show the plan").click()
    expect(inside.get_by_role("button", name=FILL)).to_be_visible()
    expect(inside.get_by_text("<b>bold</b> skill", exact=True)).to_be_visible()
    inside.get_by_role("button", name=FILL).click()
    expect(inside.get_by_role("heading", name="Done")).to_be_visible()
    inside.get_by_role("button", name=re.compile("^Unusable")).click()
    expect(inside.get_by_text("1 row selected")).to_be_visible()

    def refuse(route: Route) -> None:
        body = {"type": "urn:leadfill:problem:bad-range", "detail": f"No range {evil}."}
        route.fulfill(status=400, content_type="application/problem+json", body=json.dumps(body))

    window.page.context.route("**/proxy/api/v1/usage*", refuse)
    inside.get_by_role("button", name="History & usage").click()
    expect(inside.get_by_role("alert")).to_contain_text("No range <img")
    for where in (window.page, window.frame()):
        assert where.evaluate("[window.harmed, document.querySelectorAll('img, b').length]") == [None, 0]
