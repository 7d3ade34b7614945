"""A real Chromium before a whole Leadfill on this machine: every process that `make run` starts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from local.stack import Stack, stack
from tests.browser.chromium import FLAGS, NoChromium, find_chromium
from tests.browser.window import WAIT_MS, OpenSheet, Window, new_spreadsheet


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A Chromium."""
    try:
        chromium = find_chromium(tmp_path_factory.mktemp("chromium"))
    except NoChromium as missing:
        pytest.skip(str(missing))
    environ: dict[str, str | float | bool] = {**os.environ, **chromium.environ}
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium.program, args=[*FLAGS], env=environ)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def leadfill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Everything that `make run` starts, with the page."""
    with stack(tmp_path_factory.mktemp("leadfill"), FORMULA_CREDITS_PER_DAY="600") as running:
        running.start_page()
        yield running


@pytest.fixture
def open_sheet(browser: Browser, leadfill: Stack) -> Iterator[OpenSheet]:
    """Opens a window; with the values of a new sheet, or with another window's spreadsheet."""
    contexts, faults = [], []

    def open_it(
        values: list[list[Any]] | None = None,
        *,
        same_as: Window | None = None,
        title: str = "Leads",
        clock: bool = False,
    ) -> Window:
        """`clock`: the window's time can be moved on (`page.clock`)."""
        spreadsheet_id = same_as.spreadsheet_id if same_as else new_spreadsheet(leadfill, values or [], title)
        context = browser.new_context(viewport={"width": 1280, "height": 720})
        context.set_default_timeout(WAIT_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        if clock:
            page.clock.install()
        page.goto(f"{leadfill.page}&spreadsheet={spreadsheet_id}")
        page.locator("body[data-ready]").wait_for()
        return Window(page, leadfill, spreadsheet_id)

    expect.set_options(timeout=WAIT_MS)
    yield open_it
    for context in contexts:
        context.close()
    assert faults == [], "the page's own scripts threw"
