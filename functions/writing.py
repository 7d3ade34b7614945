"""Writes a chunk's values beside their own URLs, whatever people do to the sheet meanwhile.

Read → place → record what is there and what will be → write → read again. Where rows moved in between, cells that the
write hit get back what their own row held, and the values go to where their rows are now, until both are seen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from functions import logs
from functions.deployment import Deployment
from functions.errors import BadRange, SheetBusy
from functions.layouts import Layout
from functions.placement import (
    Content,
    Repair,
    Sent,
    SheetRow,
    Wanted,
    Write,
    astray,
    misplaced,
    place,
)
from functions.sheets import GoogleSheet
from functions.store import images, jobs

SLACK_ROWS = 50
"""How far rows may have been pushed by a few insertions and still be found at the first look."""
PAGE_ROWS = 5_000
WHOLE_CELLS = 100_000
"""A tab of up to so many cells is read as a whole before each write: then it is known what every row held."""
ROUNDS = 12
"""How often a write is repeated while people go on moving rows under it."""


@dataclass(slots=True)
class Written:
    """What became of a chunk's rows."""

    done: dict[int, Write] = field(default_factory=dict)
    """By position: the values are seen beside their URL."""
    filled: list[Wanted] = field(default_factory=list)
    absent: list[Wanted] = field(default_factory=list)
    restored: int = 0
    """Cells that a write had hit because rows moved, and that got back what they held."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes into the tab of one job."""

    deployment: Deployment
    job_id: str
    sheet: GoogleSheet
    layout: Layout
    overwrite: bool

    def write(self, wanted: Sequence[Wanted]) -> Written:
        """Writes the rows' values.

        Raises:
            SheetError: the sheet cannot be used; what was recorded stays for the next attempt.
        """
        result = Written()
        rows, whole = self._read(wanted)
        sent: list[Sent] = []
        strays = _left_astray(wanted, rows)
        if not whole and (strays or place(wanted, rows, overwrite=self.overwrite).absent):
            rows, whole = self._everything(), True
            strays = _left_astray(wanted, rows)
        repairs: list[Repair] = []
        if strays:  # an earlier attempt died before it looked where its values had landed
            repairs = misplaced(self._believed([], rows, strays), rows, strays, strays)
            rows = _as_repaired(rows, repairs)
        placed = place(wanted, rows, overwrite=self.overwrite)
        by_position = {want.position: want for want in wanted}
        for _ in range(ROUNDS):
            result.filled += placed.filled
            result.absent += placed.absent
            if not placed.writes and not repairs:
                return result
            self._record(placed.writes)
            repairs = _without_overwritten(repairs, placed.writes)
            before = rows
            self._send(placed.writes, repairs)
            sent += [(write.key, write.pending) for write in placed.writes if write.pending]
            sent += [(repair.row.identity, repair.cells) for repair in repairs]
            result.restored += sum(len(repair.cells) for repair in repairs)
            again = [write for write in placed.writes if write.pending] or repairs
            after = rows if not again else (self._everything() if whole else self._read(wanted)[0])
            missing = astray([*placed.writes, *_as_writes(repairs)], after)
            lost = {write.position for write in missing}
            result.done |= {write.position: write for write in placed.writes if write.position not in lost}
            if not missing:
                return result
            if not whole:
                after, whole = self._everything(), True
            strays += [(write.key, write.pending) for write in missing]
            repairs = misplaced(self._believed(before, after, strays), after, sent, strays)
            rows = _as_repaired(after, repairs)
            again_wanted = [by_position[position] for position in sorted(lost) if position in by_position]
            placed = place(self._with_images(again_wanted), rows, overwrite=self.overwrite)
        raise SheetBusy("Rows are moved again and again at the moment; the run goes on by itself.", retry_after_s=2)

    def _read(self, wanted: Sequence[Wanted]) -> tuple[list[SheetRow], bool]:
        """The rows around those that are wanted, or a small tab as a whole; and whether it was whole."""
        layout = self.layout
        if layout.tab_rows * layout.tab_columns <= WHOLE_CELLS:
            return layout.rows(self.sheet.window(layout.sheet_id, 1, None)), True
        numbers = [want.row for want in wanted]
        first, last = max(1, min(numbers) - SLACK_ROWS), min(layout.tab_rows, max(numbers) + SLACK_ROWS)
        try:
            return layout.rows(self.sheet.window(layout.sheet_id, first, last)), False
        except BadRange:  # rows were deleted: the tab is shorter than it was
            return self._everything(), True

    def _everything(self) -> list[SheetRow]:
        """The whole tab in one call: pages would show different moments, and miss what moves between."""
        return self.layout.rows(self.sheet.window(self.layout.sheet_id, 1, None))

    def _record(self, writes: Sequence[Write]) -> None:
        """Durable before visible: what the cells hold, and what they will."""
        with self.deployment.store.writing() as connection:
            images.intend(connection, self.job_id, writes)

    def _with_images(self, wanted: Sequence[Wanted]) -> list[Wanted]:
        with self.deployment.store.reading() as connection:
            known = images.intended(connection, self.job_id, [want.position for want in wanted])
        return [replace(want, images=known.get(want.position, {})) for want in wanted]

    def _send(self, writes: Sequence[Write], repairs: Sequence[Repair]) -> None:
        columns: dict[int, dict[int, Content]] = defaultdict(dict)
        for repair in repairs:
            for number, content in repair.cells.items():
                columns[self.layout.columns[number].anchor][repair.row.number] = content
        for write in writes:
            for number, content in write.pending.items():
                columns[self.layout.columns[number].anchor][write.number] = content
        if not columns:
            return
        try:
            self.sheet.write(columns)
        except BadRange:  # rows were deleted, so that the last of these lie beyond the tab: the second look sees it
            logs.event("Rows were deleted under a write.", job_id=self.job_id)

    def _believed(
        self, before: Sequence[SheetRow], after: Sequence[SheetRow], strays: Sequence[Sent]
    ) -> list[SheetRow]:
        """What rows held before the write: as they were read just before it, else as the store remembers them."""
        seen: dict[str, list[SheetRow]] = defaultdict(list)
        for row in before:
            seen[row.identity].append(row)
        values = {item for _, cells in strays for item in cells.items()}
        there: dict[str, list[SheetRow]] = defaultdict(list)
        for row in after:
            there[row.identity].append(row)
        unknown = sorted(
            name
            for name, group in there.items()
            if len(group) > len(seen[name]) and any(item in values for row in group for item in row.cells.items())
        )
        believed = list(before)
        for name, rows in self._remembered(unknown).items():
            known = {row.around for row in seen[name]}
            believed += [row for row in rows if not seen[name] or row.around not in known]
        return believed

    def _remembered(self, identities: Sequence[str]) -> dict[str, list[SheetRow]]:
        """What the store knows of rows: what they held at first, and over it what this run wrote."""
        with self.deployment.store.reading() as connection:
            written = images.written(connection, self.job_id, identities)
            at_first = images.remembered(connection, self.job_id, identities)
            ended = jobs.ended(connection, self.job_id, [row.position for row in written])
        rows: dict[str, list[SheetRow]] = defaultdict(list)
        for row in at_first:
            rows[row.identity].append(row)
        for found in written:
            group = rows[found.key]
            base = next((row for row in group if row.around == found.around), group[0] if len(group) == 1 else None)
            if base is not None:
                group.remove(base)
            # What is still open is not there yet: where it hit, and whom, is what is being found out.
            put = {n: image.after if found.position in ended else image.before for n, image in found.images.items()}
            cells = {**(base.cells if base else {}), **put}
            group.append(SheetRow(0, found.key, cells, found.around))
        return rows


def _left_astray(wanted: Sequence[Wanted], rows: Sequence[SheetRow]) -> list[Sent]:
    """What an earlier attempt meant to write and what is not beside its own URL."""
    meant = [
        Write(want.position, want.key, 0, {}, {number: image.after for number, image in want.images.items()})
        for want in wanted
        if want.images
    ]
    return [(write.key, write.pending) for write in astray(meant, rows)] if meant else []


def pages(sheet: GoogleSheet, layout: Layout) -> Iterator[list[SheetRow]]:
    """Every row of the tab, some thousands at a time.

    Raises:
        SheetError: the sheet cannot be used.
    """
    if layout.tab_rows * layout.tab_columns <= WHOLE_CELLS:
        yield layout.rows(sheet.window(layout.sheet_id, 1, None))
        return
    start, tab_rows = 1, layout.tab_rows
    while start <= tab_rows:
        end = min(start + PAGE_ROWS - 1, tab_rows)
        try:
            window = sheet.window(layout.sheet_id, start, end if end < tab_rows else None)
        except BadRange:  # the tab has become shorter: nothing is there any more
            return
        yield layout.rows(window)
        start, tab_rows = end + 1, window.tab.rows


def _without_overwritten(repairs: Sequence[Repair], writes: Sequence[Write]) -> list[Repair]:
    """Cells of the same row that get their own value need no former one."""
    pending = {write.number: write.pending for write in writes}
    left = [
        Repair(repair.row, {n: cell for n, cell in repair.cells.items() if n not in pending.get(repair.row.number, {})})
        for repair in repairs
    ]
    return [repair for repair in left if repair.cells]


def _as_writes(repairs: Sequence[Repair]) -> list[Write]:
    return [
        Write(-1, repair.row.identity, repair.row.number, {}, repair.cells, repair.row.around) for repair in repairs
    ]


def _as_repaired(rows: Sequence[SheetRow], repairs: Sequence[Repair]) -> list[SheetRow]:
    cells = {repair.row.number: repair.cells for repair in repairs}
    return [replace(row, cells={**row.cells, **cells[row.number]}) if row.number in cells else row for row in rows]
