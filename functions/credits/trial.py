"""A trial: a run over a few rows, by which the hit rate and the bill of all of them are estimated; pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, TypeVar

import msgspec

T = TypeVar("T")


class Trial(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The rows of a trial."""

    rows: Annotated[int, msgspec.Meta(ge=1, le=100, description="Rows that are tried at most")] = 10
    take: Annotated[
        Literal["spread", "first"],
        msgspec.Meta(description="Spread over the range, or its first ones"),
    ] = "spread"
    numbers: Annotated[
        tuple[Annotated[int, msgspec.Meta(ge=1, le=10_000_000)], ...],
        msgspec.Meta(max_length=1000, description="Only these rows of the sheet, from 1; none for the whole range"),
    ] = ()

    def pick(self, rows: Sequence[T]) -> list[T]:
        """Return the rows to try, chosen from the candidates."""
        if self.take == "first" or len(rows) <= self.rows:
            return list(rows[: self.rows])
        return [rows[place * len(rows) // self.rows] for place in range(self.rows)]
