"""Conditions on rows: a run takes only those that meet all of them; pure."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Literal
from unicodedata import normalize

import msgspec

from functions.errors import InvalidRequest

MAX_VALUES = 100


class Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A condition on one column of a row, or on how the row ended in an earlier run."""

    test: Annotated[
        Literal["empty", "filled", "equals", "contains", "one_of", "failed_in"],
        msgspec.Meta(description="`failed_in`: the row's person had no answer in the job that `values` names"),
    ]
    column: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{1,3}$(?!\n)", description="A1 letters")] | None = None
    title: Annotated[
        str | None,
        msgspec.Meta(description="Its title as it was seen, by which it is found again if columns were moved since"),
    ] = None
    values: Annotated[
        tuple[Annotated[str, msgspec.Meta(max_length=1000)], ...],
        msgspec.Meta(max_length=MAX_VALUES, description="Compared without regard to case and to blanks at the ends"),
    ] = ()

    def check(self) -> None:
        """Make sure that the condition makes sense.

        Raises:
            InvalidRequest: it has too few or too many values, or no column.
        """
        wanted = {"empty": (0, 0), "filled": (0, 0), "one_of": (1, MAX_VALUES)}.get(self.test, (1, 1))
        if not wanted[0] <= len(self.values) <= wanted[1]:
            raise InvalidRequest(f"A condition `{self.test}` takes {_count(*wanted)}; it has {len(self.values)}.")
        if (self.column is None) != (self.test == "failed_in"):
            needs = "no column" if self.column else "a column"
            raise InvalidRequest(f"A condition `{self.test}` takes {needs}.")

    def is_met(self, text: str, *, is_empty: bool, number: float | None = None) -> bool:
        """Return whether a cell meets this condition.

        Args:
            text: what the cell shows.
            is_empty: whether nothing is typed in it, and nothing shown.
            number: the number that it holds, if it holds one: 1000 is met however the cell shows it.
        """
        if self.test in ("empty", "filled"):
            return is_empty == (self.test == "empty")
        said, values = _plain(text), _plain_values(self.values)
        if self.test == "contains":
            return any(value in said for value in values)
        return said in values or (number is not None and f"{number:.15g}" in values)


@lru_cache(maxsize=100)
def _plain_values(values: tuple[str, ...]) -> frozenset[str]:
    """Return the values of a condition as they are compared: once, and not for each of a hundred thousand rows."""
    return frozenset(map(_plain, values))


def _plain(text: str) -> str:
    return normalize("NFC", text.strip().casefold())


def _count(least: int, most: int) -> str:
    if least == most:
        return "no value" if most == 0 else "one value"
    return f"{least} to {most} values"
