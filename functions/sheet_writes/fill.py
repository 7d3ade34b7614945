"""Writes a chunk's values beside their own URLs: what is there stays, unless the run may write over it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from functions.sheet_writes.writer import Courier, Delivered, overlaid
from functions.sheets.cells import Cells, SheetRow, Write
from functions.sheets.row_matching import Look, Placement, Wanted, place
from functions.store import cell_history as images
from functions.store import jobs
from functions.store.cell_history import WrittenRow


def write(courier: Courier, wanted: Sequence[Wanted], *, overwrite: bool) -> Delivered:
    """Writes the rows' values, of which an earlier attempt may have written some.

    Raises:
        SheetError: the sheet cannot be used; what was recorded stays for the next attempt.
    """
    numbers = [want.row for want in wanted]
    return courier.deliver(_Values(courier, wanted, overwrite), (min(numbers), max(numbers)))


@dataclass(slots=True)
class _Values:
    """The errand of a run."""

    courier: Courier
    wanted: Sequence[Wanted]
    overwrite: bool
    _meant: list[Write] = field(init=False)
    _taken: Counter[Look] = field(init=False)
    """Rows of these people that other chunks have, also those that died and come back to them."""

    def __post_init__(self) -> None:
        self.wanted = self._described(self.wanted)
        self._taken = self._others()
        self._meant = [
            Write(want.position, want.key, 0, {}, {n: image.after for n, image in want.images.items()}, want.around)
            for want in self.wanted
            if want.images
        ]

    def meant(self) -> Sequence[Write]:
        return self._meant

    def decide(self, rows: Sequence[SheetRow], positions: Collection[int] | None) -> Placement:
        wanted = self.wanted
        if positions is not None:
            wanted = self._described([want for want in wanted if want.position in positions])
        return place(wanted, rows, overwrite=self.overwrite, taken=self._taken)

    def record(self, writes: Sequence[Write]) -> None:
        with self.courier.deployment.store.writing() as connection:
            images.intend(connection, self.courier.job_id, writes)

    def remembered(self, rows: Sequence[WrittenRow], at_first: Sequence[SheetRow]) -> list[SheetRow]:
        """What rows held at first, and over it what this run wrote."""
        with self.courier.deployment.store.reading() as connection:
            ended = jobs.ended(connection, self.courier.job_id, [row.position for row in rows])

        def got(row: WrittenRow) -> Cells:
            # What is still open is not there yet: where it hit, and whom, is what is being found out.
            there = row.position in ended and not row.undone
            return {number: image.after if there else image.before for number, image in row.images.items()}

        return overlaid(at_first, rows, got)

    def _others(self) -> Counter[Look]:
        courier, mine = self.courier, {want.position for want in self.wanted}
        with courier.deployment.store.reading() as connection:
            written = images.written(connection, courier.job_id, sorted({want.key for want in self.wanted}))
        return Counter((row.key, row.around) for row in written if row.position not in mine and not row.undone)

    def _described(self, wanted: Sequence[Wanted]) -> list[Wanted]:
        """With what was meant to be written so far."""
        courier = self.courier
        with courier.deployment.store.reading() as connection:
            known = images.intended(connection, courier.job_id, [want.position for want in wanted])
        return [
            replace(want, images=found.images, around=found.around)
            if (found := known.get(want.position)) and not found.undone
            else replace(want, images={})
            for want in wanted
        ]
