"""`--only-where`: conditions on the columns of a list, in the words of the sidebar."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import click
from msgspec.structs import replace

from functions.credits.only_where import Condition
from functions.errors import InvalidRequest
from local.lists.columns import folded, listing, place_of
from local.lists.contract import Cells, Row
from local.lists.errors import BadFile
from local.lists.layout import Layout
from local.lists.shape import Shape

_TESTS: dict[str, Literal["empty", "filled", "equals", "contains", "one_of"]] = {
    "is not empty": "filled",
    "is empty": "empty",
    "is one of": "one_of",
    "is": "equals",
    "contains": "contains",
}
_CONDITION = re.compile(rf"\s*(\S.*?)\s+({'|'.join(_TESTS)})(?:\s+(\S.*))?\s*", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class ListCondition:
    """A condition, and the column that somebody named for it."""

    column: str
    """Its title, letter or number from 1."""
    condition: Condition


class ConditionText(click.ParamType["ListCondition"]):
    """`Country is Spain`, `Email is empty`, `Country is one of Spain; Portugal`."""

    name = "condition"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> ListCondition:  # noqa: ANN401 - click's signature
        """Reads it; click shows the sentence of `fail`."""
        found = _CONDITION.fullmatch(str(value))
        if found is None:
            self.fail(
                "must be a column and a condition for it, such as “Country is one of Spain; Portugal”.", param, ctx
            )
        column, words, text = found.groups()
        test = _TESTS[words.lower()]
        values = [text or ""] if test != "one_of" else (text or "").split(";")
        condition = Condition(test=test, column="A", values=tuple(filter(None, (value.strip() for value in values))))
        try:
            condition.check()
        except InvalidRequest as error:
            self.fail(str(error), param, ctx)
        return ListCondition(column, condition)


class Watch:
    """Reads the columns of conditions together with those of the fields, and says which rows meet them."""

    def __init__(self, layout: Layout, shape: Shape, conditions: Sequence[ListCondition], file: str) -> None:
        """Find the columns.

        Raises:
            BadFile: the list has no such column.
        """
        places = list(layout.places)
        self._tests: list[tuple[int, Condition]] = []
        self._fields = len(places)
        for each in conditions:
            place = _place(each.column, shape, file)
            if place not in places:
                places.append(place)
            self._tests.append((places.index(place), each.condition))
        extra = len(places) - self._fields
        self.layout = Layout((*layout.fields, *layout.fields[:1] * extra), tuple(places))
        """The fields' columns and behind them those of the conditions; only to read with."""

    def is_met(self, cells: Cells) -> bool:
        """Tell whether cells that were read with `layout` meet all conditions."""
        return all(condition.is_met(cells.held[at], is_empty=not cells.held[at]) for at, condition in self._tests)

    def of_fields(self, row: Row) -> Row:
        """Return the row with the cells of the fields alone."""
        return replace(row, cells=row.cells._replace(held=row.held[: self._fields]))


def _place(column: str, shape: Shape, file: str) -> int:
    titled = [place for place, title in enumerate(shape.titles) if title and folded(title) == folded(column)]
    place = titled[0] if titled else place_of(column)
    if place is None or place >= shape.columns:
        raise BadFile(f"{file} has no column “{column}” for --only-where: {listing(shape.titles, shape.columns)}.")
    return place


def described(condition: ListCondition) -> str:
    """Write a condition as it is typed."""
    words = next(words for words, test in _TESTS.items() if test == condition.condition.test)
    return " ".join(filter(None, [condition.column, words, "; ".join(condition.condition.values)]))
