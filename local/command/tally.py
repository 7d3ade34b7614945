"""The results of a run so far: outcomes, filled cells, and reasons."""

from __future__ import annotations

import csv
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, TextIO

from functions.fields.cell_format import CellValue
from functions.outcomes import Outcome
from local.lists.csv_safety import guarded, is_retyped
from local.private_files import private_file

MAX_SHOWN = 10
"""Reasons that are shown; where there are more, all of them stand in a file beside the result."""
TITLES = ("Row", "Outcome", "Reason")
_NOBODY = frozenset({Outcome.UNUSABLE, Outcome.LEFT_OUT})
"""Outcomes of rows without a person to fill them for."""


@dataclass(slots=True)
class Tally:
    """Counts rows as they are written."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    reasons_path: Path | None = None
    """Where all reasons stand if there are many; None if there is no place for them."""
    shown: list[tuple[int, str]] = field(default_factory=list)
    """The first rows that went wrong: their numbers in the list, and why."""
    reasons: int = 0
    retyped: int = 0
    """Written values that Excel would take for something else in a CSV."""
    _filled: Counter[tuple[bool, ...]] = field(default_factory=Counter)
    _first: list[tuple[int, Outcome, str]] = field(default_factory=list)
    _file: TextIO | None = None
    _writer: Any = None

    def count(self, outcome: Outcome, held: tuple[str, ...], values: tuple[CellValue, ...] | None) -> None:
        """Count a row that was written."""
        self.outcomes[outcome] += 1
        if outcome in _NOBODY:
            return
        if values is None:
            self._filled[tuple(map(bool, held))] += 1
            return
        mask, retyped = _filled_and_retyped(held, values)
        self._filled[mask] += 1
        self.retyped += retyped

    def trouble(self, number: int, outcome: Outcome, sentence: str) -> None:
        """Remember why a row went wrong."""
        self.reasons += 1
        if len(self.shown) < MAX_SHOWN:
            self.shown.append((number, sentence))
            self._first.append((number, outcome, sentence))
        elif self.reasons_path is not None:
            self._write(number, outcome, sentence)

    def fill_rates(self) -> list[float]:
        """Return for each field the share of the rows with a profile in which its cell is filled now, 0 to 1."""
        rows = self._filled.total()
        columns = len(next(iter(self._filled), ()))
        return [sum(count for mask, count in self._filled.items() if mask[at]) / rows for at in range(columns)]

    def finish(self) -> Path | None:
        """Close the file of reasons, and say where it is; one of an earlier run goes where this run needs none."""
        if self._file is not None:
            self._file.close()
            return self.reasons_path
        if self.reasons_path is not None:
            with suppress(OSError):
                self.reasons_path.unlink()
        return None

    def _write(self, number: int, outcome: Outcome, sentence: str) -> None:
        if self._file is None:
            assert self.reasons_path is not None  # noqa: S101 - the caller looked
            self._file = private_file(self.reasons_path).open("w", encoding="utf-8-sig", newline="")
            self._writer = csv.writer(self._file)
            self._writer.writerow(TITLES)
            self._writer.writerows(self._first)
        self._writer.writerow((number, outcome.value, guarded(sentence)))


@lru_cache(maxsize=10_000, typed=True)
def _filled_and_retyped(held: tuple[str, ...], values: tuple[CellValue, ...]) -> tuple[tuple[bool, ...], int]:
    """Return which cells are filled once the values are written, and how many of these Excel would retype."""
    mask = tuple(bool(there) or new != "" for there, new in zip(held, values, strict=True))
    return mask, sum(is_retyped(new) for there, new in zip(held, values, strict=True) if not there)
