"""The results of a run so far: outcomes, filled cells, and reasons."""

from __future__ import annotations

import csv
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
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


@dataclass(slots=True, eq=False)
class Kind:
    """Rows that ended alike."""

    outcome: Outcome
    filled: tuple[bool, ...]
    """For each field whether its cell holds something now; nothing of rows without a person."""
    retyped: int
    """Values written into each of the rows that Excel would take for something else in a CSV."""
    rows: int = 0


@dataclass(slots=True)
class Tally:
    """Counts rows by their kinds; whoever writes a row counts it up in its kind."""

    reasons_path: Path | None = None
    """Where all reasons stand if there are many; None if there is no place for them."""
    shown: list[tuple[int, str]] = field(default_factory=list)
    """The first rows that went wrong: their numbers in the list, and why."""
    reasons: int = 0
    _kinds: dict[tuple[Outcome, tuple[bool, ...], int], Kind] = field(default_factory=dict)
    _first: list[tuple[int, Outcome, str]] = field(default_factory=list)
    _file: TextIO | None = None
    _writer: Any = None

    def kind(self, outcome: Outcome, held: tuple[str, ...], values: tuple[CellValue, ...] | None) -> Kind:
        """Return the kind of a row whose cells held this before the values were written."""
        filled: tuple[bool, ...] = ()
        retyped = 0
        if outcome not in _NOBODY:
            new = values or ("",) * len(held)
            filled = tuple([bool(there) or value != "" for there, value in zip(held, new, strict=True)])
            retyped = sum(is_retyped(value) for there, value in zip(held, new, strict=True) if not there)
        return self._kinds.setdefault((outcome, filled, retyped), Kind(outcome, filled, retyped))

    @property
    def outcomes(self) -> Counter[Outcome]:
        """The number of rows by their outcome."""
        counts: Counter[Outcome] = Counter()
        for kind in self._kinds.values():
            if kind.rows:
                counts[kind.outcome] += kind.rows
        return counts

    @property
    def retyped(self) -> int:
        """The number of written values that Excel would take for something else in a CSV."""
        return sum(kind.rows * kind.retyped for kind in self._kinds.values())

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
        kinds = [kind for kind in self._kinds.values() if kind.rows and kind.outcome not in _NOBODY]
        rows = sum(kind.rows for kind in kinds)
        columns = len(kinds[0].filled) if kinds else 0
        return [sum(kind.rows for kind in kinds if kind.filled[at]) / rows for at in range(columns)]

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
