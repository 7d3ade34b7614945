"""Timings of a large tab at Google: one write of megabytes, and reads like those of a run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from functions.runtime import Runtime
from functions.sheets.assumptions import Assumption, Finding, Verdict
from functions.sheets.paging import CELL_BYTES, PAGE_BYTES
from functions.sheets.transport import TooLarge
from functions.sheets.trials import Bench, Trial

COLUMNS = 25
MAX_ROWS = 100_000
WRITE_BYTES_PER_ROW = 50
"""5 MB at the most rows."""
FILLED_AT_ONCE = 20_000
"""Rows that one request fills."""
SLOW_S = 60.0
"""Of one call: Google itself gives up after 180."""
_LONG = 1_000
_FILLER = "https://www.linkedin.com/in/somebody"


@dataclass(frozen=True, slots=True)
class LargeTab:
    """A tab of so many rows, and what is timed in it."""

    rows: int
    runtime: Runtime

    def trials(self) -> tuple[tuple[Trial, tuple[Assumption, ...]], ...]:
        """Return the trials, each with its assumption."""
        return (self.write, (Assumption.WRITE,)), (self.read, (Assumption.READ,))

    def write(self, bench: Bench) -> Iterator[Finding]:
        """Time one write."""
        lines = min(self.rows, max(1, self.rows * WRITE_BYTES_PER_ROW // _LONG))
        row = {"values": [{"userEnteredValue": {"stringValue": "x" * _LONG}}]}
        cells = {"start": bench.corner(0, 1), "rows": [row] * lines, "fields": "userEnteredValue"}
        started_s = self.runtime.monotonic()
        try:
            refused = bench.refusal([{"updateCells": cells}])
        except TooLarge:
            refused = "Google refused it as too large."
        took_s = self.runtime.monotonic() - started_s
        size = f"{lines * _LONG / 1e6:.1f} MB took {took_s:.1f} seconds."
        yield _timed(Assumption.WRITE, refused, took_s, size)

    def read(self, bench: Bench) -> Iterator[Finding]:
        """Time the column of addresses in one answer, and pages of all columns at both ends of the tab."""
        for top in range(0, self.rows, FILLED_AT_ONCE):
            rows = {"startRowIndex": top, "endRowIndex": min(top + FILLED_AT_ONCE, self.rows)}
            area = {"sheetId": bench.sheet_id, **rows, "startColumnIndex": 0, "endColumnIndex": COLUMNS}
            cell: dict[str, Any] = {"userEnteredValue": {"stringValue": _FILLER}}
            bench.sheet.change([{"repeatCell": {"range": area, "cell": cell, "fields": "userEnteredValue"}}])
        column_s = self._took_s(bench, 1, self.rows, [0])
        page = min(self.rows, PAGE_BYTES // CELL_BYTES // COLUMNS)
        page_s = max(self._took_s(bench, first, first + page - 1, None) for first in {1, self.rows - page + 1})
        told = (
            f"The addresses of {self.rows:,} rows took {column_s:.1f} seconds, {page:,} rows of {COLUMNS} columns "
            f"{page_s:.1f} seconds."
        )
        yield _timed(Assumption.READ, "", max(column_s, page_s), told)

    def _took_s(self, bench: Bench, first: int, last: int, columns: list[int] | None) -> float:
        started_s = self.runtime.monotonic()
        bench.sheet.read_rows(bench.sheet_id, first, last, columns=columns)
        return self.runtime.monotonic() - started_s


def _timed(assumption: Assumption, refused: str, took_s: float, told: str) -> Finding:
    holds = not refused and took_s < SLOW_S
    return Finding(assumption, Verdict.HOLDS if holds else Verdict.DOES_NOT_HOLD, refused or told)
