"""A thousand formulas meet a backend that is not running yet, and a provider that is slow.

Run: `python -m benchmarks.cold_formulas` (about two minutes). The formulas start together with the process, as many at
once as three people have formulas running. Each waits as long as the add-on does. None may end as `#ERROR!`; *Calculate
waiting formulas* is pressed until none is left; then every person is paid for once, and no credit is in doubt.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

import click
import requests

from functions.store import ledger
from local.stack import PERSON, stack
from tests.support.desk import expected, url_of
from tests.support.postgresql import server
from tests.support.running import Running, attach

SHEETS_ENDS_AFTER_S = 30.0
FORMULA_LASTS_S = 26.0
TRAVEL_S = 2.0
"""As in sheets_addon/Formula.js and Backend.js."""
MAX_CLICKS = 20


class Shown(StrEnum):
    """What a formula's cell shows."""

    VALUE = "a value"
    LOADING = "Loading…"
    TROUBLE = "⚠"
    ERROR = "#ERROR!"


@dataclass(slots=True)
class Sheet:
    """Formulas as Sheets and the add-on carry them out: one person each."""

    running: Running
    headers: dict[str, str]
    slowest_s: float = 0.0
    said: Counter[str] = field(default_factory=Counter)
    """Troubles."""
    _local: threading.local = field(default_factory=threading.local)

    def calculate(self, slug: str) -> Shown:
        """Carries one formula out."""
        began_s = time.monotonic()
        shown = self._ask(slug, began_s + FORMULA_LASTS_S)
        took_s = time.monotonic() - began_s
        self.slowest_s = max(self.slowest_s, took_s)
        return shown if took_s < SHEETS_ENDS_AFTER_S else Shown.ERROR

    def _ask(self, slug: str, ends_s: float) -> Shown:
        url = f"{self.running.stack.urls['formula']}/v1/formula"
        deadline = datetime.now(UTC) + timedelta(seconds=ends_s - time.monotonic() - TRAVEL_S)
        body = {"urls": [[url_of(slug)]], "fields": ["email"], "deadline": deadline.isoformat()}
        while (left_s := ends_s - time.monotonic()) > 0:
            try:
                answer = self._session().post(url, json=body, headers=self.headers, timeout=left_s)
            except requests.Timeout:
                break
            except requests.ConnectionError:  # Cloud Run keeps a request while an instance starts
                time.sleep(0.5)
                continue
            if answer.status_code != 200:
                self.said[answer.text] += 1
                return Shown.TROUBLE
            [[value]] = answer.json()["values"]
            assert value is None or [value] == expected(slug, ["email"]), (slug, value)
            return Shown.LOADING if value is None else Shown.VALUE
        return Shown.LOADING

    def _session(self) -> requests.Session:
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
            self._local.session.trust_env = False
        session: requests.Session = self._local.session
        return session


def calculate_all(sheet: Sheet, slugs: Sequence[str], at_once: int) -> dict[str, Shown]:
    """Carries all of these formulas out."""
    with ThreadPoolExecutor(at_once) as pool:
        return dict(zip(slugs, pool.map(sheet.calculate, slugs), strict=True))


def run(running: Running, formulas: int, at_once: int, latency_s: float) -> None:
    """Starts the formulas and the backend together, and clicks until every formula shows a value.

    Raises:
        SystemExit: a formula ended, or a credit is in doubt.
    """
    spreadsheet = running.emulator.spreadsheet([["LinkedIn"]], owner=PERSON)
    sheet = Sheet(running, {"Authorization": f"Bearer {running.formula_token(spreadsheet)['token']}"})
    slugs = [f"cold-{number}" for number in range(formulas)]
    running.sandbox.switch(latency_s=latency_s)
    running.stack.parts["formula"].stop()
    start = threading.Thread(target=lambda: running.stack.restart("formula"))
    start.start()
    shown = calculate_all(sheet, slugs, at_once)
    start.join()
    print("at first:", _counts(shown))
    clicks = 0
    while waiting := [slug for slug, what in shown.items() if what is not Shown.VALUE]:
        clicks += 1
        shown |= calculate_all(sheet, waiting, at_once)
        print(f"click {clicks}:", _counts(shown))
        if Shown.ERROR in shown.values() or clicks == MAX_CLICKS:
            break
    charges = running.sandbox.charges()["total"]
    with running.store.reading() as connection:
        totals = ledger.totals(connection)["slintel"]
    print(f"{charges:,} charges for {formulas:,} people; {totals.charged:f} charged, {totals.in_doubt:f} in doubt")
    print(f"slowest formula: {sheet.slowest_s:.1f} s (Sheets ends it after {SHEETS_ENDS_AFTER_S:.0f} s)")
    print("troubles:", dict(sheet.said) or "none")
    is_paid_once = charges == totals.charged == formulas and not totals.in_doubt
    if set(shown.values()) != {Shown.VALUE} or sheet.said or not is_paid_once:
        sys.exit(1)


def _counts(shown: dict[str, Shown]) -> str:
    return ", ".join(f"{count:,} {what}" for what, count in Counter(shown.values()).items())


@click.command()
@click.option("--formulas", default=1_000, show_default=True)
@click.option("--at-once", default=90, show_default=True, help="Google runs thirty a person.")
@click.option("--latency", default=2.0, show_default=True, help="Seconds in which the provider answers.")
def main(*, formulas: int, at_once: int, latency: float) -> None:
    """Let a thousand formulas wait for a backend that starts."""
    with server() as database, tempfile.TemporaryDirectory() as folder, ExitStack() as closing:
        started = closing.enter_context(
            stack(Path(folder), DATABASE_URL=database.database(), FORMULA_CREDITS_PER_DAY="100000", THREADS="16")
        )
        run(attach(started, closing), formulas, at_once, latency)


if __name__ == "__main__":
    main()
