"""A browser window with a sheet, and what a person does in it."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests
from playwright.sync_api import Frame, FrameLocator, Locator, Page, expect

from local.stack import PERSON, Stack
from tests.browser.chromium import PAGE

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "docs" / "screenshots"
WAIT_MS = 45_000
"""For whatever takes a moment; a loaded machine takes its time."""
A_VALUE = re.compile(r"^(?!Loading…|#|⚠).+$")
"""What a formula shows once it is calculated."""
FILL = re.compile(r"^Fill ")
"""The button that starts a run."""


@dataclass
class Window:
    """One browser window with a sheet."""

    page: Page
    stack: Stack
    spreadsheet_id: str

    def cell(self, a1: str) -> Locator:
        """A cell of the grid."""
        letters, row = a1[0], int(a1[1:])
        return self.page.locator(f'#grid [data-x="{ord(letters) - 65}"][data-y="{row - 1}"]')

    def wait(self, a1: str, text: str | re.Pattern[str]) -> None:
        """Until a cell shows that."""
        expect(self.cell(a1)).to_have_text(text)

    def shown(self, column: str, rows: int) -> list[str]:
        """What a column shows below its header, also out of sight."""
        texts = self.page.evaluate("column => window.leadfillGrid.shownIn(column)", ord(column) - 65)
        return [str(text) for text in texts[1 : rows + 1]]

    def wait_for_all(self, column: str, rows: int, pattern: str = A_VALUE.pattern) -> None:
        """Until each cell of a column below its header matches."""
        self.page.wait_for_function(
            "([column, rows, pattern]) => window.leadfillGrid.shownIn(column).slice(1, rows + 1)"
            ".every(text => new RegExp(pattern).test(text))",
            arg=[ord(column) - 65, rows, pattern],
            timeout=4 * WAIT_MS,
        )

    def type(self, a1: str, text: str) -> None:
        """Types into a cell, through the formula bar."""
        self.cell(a1).click()
        bar = self.page.get_by_label("Content of the cell")
        bar.fill(text)
        bar.press("Enter")

    def menu(self, menu: str, item: str) -> None:
        """Chooses from the menu bar."""
        self.page.get_by_role("navigation", name="Menus").get_by_role("button", name=menu, exact=True).click()
        self.page.get_by_role("menuitem", name=item, exact=True).click()

    def sidebar(self) -> FrameLocator:
        """The inside of the sidebar."""
        return self.page.frame_locator("#sidebar iframe")

    def frame(self) -> Frame:
        """The same, to run scripts in."""
        found = self.page.locator("#sidebar iframe").element_handle().content_frame()
        assert found is not None
        return found

    def close_sidebar(self) -> None:
        self.page.get_by_label("Close Leadfill").click()
        expect(self.page.locator("#sidebar")).to_be_hidden()

    def enrich(self) -> FrameLocator:
        """Opens the sidebar: menu Leadfill, Enrich."""
        self.menu("Leadfill", "Enrich…")
        inside = self.sidebar()
        expect(inside.get_by_role("heading", level=1)).to_be_visible()
        return inside

    def plan(self, *fields: str) -> FrameLocator:
        """Opens the sidebar and goes on to the plan, with the fields that are proposed or with these."""
        inside = self.enrich()
        inside.get_by_role("button", name="Next: fields").click()
        expect(inside.get_by_label("All fields")).to_be_visible()  # the heading stands there while they are fetched
        if fields:
            for chip in reversed(inside.get_by_role("button", name=re.compile("^Remove ")).all()):
                chip.click()
        for field in fields:
            inside.get_by_label("All fields").fill(field)
            inside.locator(f'input[type="checkbox"][value="{field}"]').check()
        inside.get_by_role("button", name="Show the plan").click()
        expect(inside.get_by_role("button", name=FILL)).to_be_visible()
        return inside

    def run(self, *fields: str) -> FrameLocator:
        """Plans and starts a run."""
        inside = self.plan(*fields)
        inside.get_by_role("button", name=FILL).click()
        return inside

    def connect_formulas(self) -> None:
        """Formulas may ask once the sidebar was open."""
        self.enrich()
        asked = self.page.context.request  # with the cookie of the window
        url = f"{self.stack.urls['page']}/kept/document-properties.{self.spreadsheet_id}"
        for _ in range(600):
            if "LEADFILL_FORMULA_TOKEN" in asked.post(url, data={"get": None}).json():
                return self.close_sidebar()
            self.page.wait_for_timeout(50)
        raise AssertionError("the formulas were not connected")

    def cells(self, a1: str, render: str = "FORMULA") -> list[list[Any]]:
        """What the spreadsheet itself holds."""
        token = self.page.context.request.get(f"{self.stack.urls['page']}/identity/access").json()["token"]
        url = f"{self.stack.urls['emulator']}/v4/spreadsheets/{self.spreadsheet_id}/values/{a1}"
        headers = {"Authorization": f"Bearer {token}"}
        answer = requests.get(url, params={"valueRenderOption": render}, headers=headers, timeout=10).json()
        values: list[list[Any]] = answer.get("values", [])
        return values

    def shot(self, name: str, **widths: int) -> None:
        """Keeps a picture for the README if asked to (`LEADFILL_SCREENSHOTS=1`), some columns made wider."""
        if os.environ.get("LEADFILL_SCREENSHOTS"):
            for column, pixels in widths.items():
                place = [ord(column) - 65, pixels]
                self.page.evaluate("([column, pixels]) => window.leadfillGrid.setWidth(column, pixels)", place)
            self.page.wait_for_timeout(600)  # bars grow
            self.page.screenshot(path=SCREENSHOTS / f"{name}.png")


OpenSheet = Callable[..., Window]


def sample() -> list[list[Any]]:
    """The sample of the project, as values."""
    with (ROOT / "leads.csv").open(encoding="utf-8", newline="") as file:
        return [list(row) for row in csv.reader(file)]


def leads(count: int, header: Sequence[str] = ("Name", "LinkedIn")) -> list[list[Any]]:
    """So many people that nobody has looked up before."""
    mark = uuid4().hex[:8]
    rows = [[f"Lead {number}", f"https://www.linkedin.com/in/lead-{mark}-{number}"] for number in range(1, count + 1)]
    return [list(header), *rows]


def charged(running: Stack) -> int:
    """What the sandbox has charged so far."""
    return int(running.steer("sandbox", "GET", "_sandbox/charges?by=key")["total"])


@contextmanager
def switched(running: Stack, **switches: Any) -> Iterator[None]:  # noqa: ANN401  # as the sandbox has them
    """Sets switches of the sandbox while the block runs."""
    before = running.steer("sandbox", "GET", "_sandbox/switches")
    running.steer("sandbox", "PUT", "_sandbox/switches", switches)
    try:
        yield
    finally:
        running.steer("sandbox", "PUT", "_sandbox/switches", {name: before[name] for name in switches})


def serious(where: Page | Frame) -> list[str]:
    """What axe finds that is serious or critical, as sentences; of contrast also in forced colours. It unfolds all."""
    page = where if isinstance(where, Page) else where.page
    where.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    if not where.evaluate("Boolean(window.axe)"):
        where.evaluate((PAGE / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8"))
    found = where.evaluate("axe.run()")["violations"]
    page.emulate_media(forced_colors="active")
    found += where.evaluate("axe.run({ runOnly: ['color-contrast'] })")["violations"]
    page.emulate_media(forced_colors="none")
    return [
        f"{each['id']}: {each['help']}: {each['nodes'][0]['html'][:200]} ({len(each['nodes'])})"
        for each in found
        if each["impact"] in {"serious", "critical"}
    ]


def new_spreadsheet(running: Stack, values: list[list[Any]], title: str) -> str:
    """A file of the person's, with one tab."""
    body = {"title": title, "values": values, "sheet": "Leads", "owner": PERSON}
    return str(running.steer("emulator", "POST", "_emulator/spreadsheets", body)["spreadsheetId"])
