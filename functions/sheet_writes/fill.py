"""Writes a chunk's values beside their own URLs; cells that hold something are kept unless the run may overwrite."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from functions.sheet_writes.writer import SheetWriter, WriteResult, calls_of, overlaid
from functions.sheets.cells import Cells, SheetRow, Write
from functions.sheets.row_matching import RowMatches, RowSignature, RowValues, match_rows
from functions.store import cell_history, job_rows
from functions.store.cell_history import WrittenRow


def write(
    writer: SheetWriter, wanted: Sequence[RowValues], *, overwrite: bool, left: Sequence[WrittenRow] = ()
) -> WriteResult:
    """Write the rows' values; an earlier attempt may have written some of them.

    Args:
        writer: of the job's tab.
        wanted: the values.
        overwrite: whether cells that hold something are written, too.
        left: rows of other chunks with recorded values, whose attempt broke off: where these hit other rows, those get
            their own contents back before anything of theirs counts as empty.

    Raises:
        SheetError: the sheet cannot be used; what was recorded stays for the next attempt.
    """
    numbers = [want.row for want in wanted]
    return writer.deliver(_FillTask(writer, wanted, overwrite, left), (min(numbers), max(numbers)))


@dataclass(slots=True)
class _FillTask:
    """The write task of a run."""

    writer: SheetWriter
    wanted: Sequence[RowValues]
    overwrite: bool
    left: Sequence[WrittenRow]
    at_undo: bool = field(default=False, init=False)
    _sent: dict[int, set[frozenset[int]]] = field(init=False)
    """By position, the cells of each call that wrote it, also of an attempt that broke off."""
    _unconfirmed: list[Write] = field(init=False)
    _taken: Counter[RowSignature] = field(init=False)
    """Rows of these people that other chunks have, also those that died and come back to them."""

    def __post_init__(self) -> None:
        writer, mine = self.writer, {want.position for want in self.wanted}
        with writer.store.reading() as connection:
            rows = cell_history.written(connection, writer.job_id, sorted({want.key for want in self.wanted}))
        self.wanted = _with_changes(self.wanted, {row.position: row for row in rows})
        others = (row for row in rows if row.position not in mine and not row.undone)
        self._taken = Counter((row.key, row.row_context) for row in others)
        begun = [row for row in rows if row.position in mine and not row.undone]
        self._sent = defaultdict(set, {row.position: set(row.sent) for row in begun})
        self._unconfirmed = [
            call
            for row in (*begun, *self.left)
            for call in calls_of(row, {number: to.after for number, to in row.changes.items()}, row.changes)
        ]

    def unconfirmed(self) -> Sequence[Write]:
        return self._unconfirmed

    def match(self, rows: Sequence[SheetRow], positions: Collection[int] | None, *, whole: bool) -> RowMatches:
        wanted, taken = self.wanted, self._taken
        if positions is not None:
            latest = self._with_latest_changes()
            wanted = [want for want in latest if want.position in positions]
            done = [want for want in latest if want.position not in positions and want.changes]
            taken = taken + Counter((want.key, want.row_context) for want in done)
        statuses = [number for number, column in enumerate(self.writer.layout.columns) if column.is_status]
        return match_rows(wanted, rows, overwrite=self.overwrite, taken=taken, whole=whole, statuses=statuses)

    def record(self, writes: Sequence[Write]) -> None:
        for write in writes:
            if write.pending:
                self._sent[write.position].add(frozenset(write.pending))
        with self.writer.store.writing() as connection:
            cell_history.record_writes(connection, self.writer.job_id, writes, self._sent)

    def believed_rows(self, rows: Sequence[WrittenRow], at_first: Sequence[SheetRow]) -> list[SheetRow]:
        """Return the first contents of the rows, overlaid with what this run wrote."""
        mine = {want.position for want in self.wanted}
        with self.writer.store.reading() as connection:
            ended = job_rows.ended(connection, self.writer.job_id, [row.position for row in rows]) - mine

        def got(row: WrittenRow) -> Cells:
            # What is still open is not there yet: where it hit, and whom, is what is being found out.
            there = row.position in ended and not row.undone
            return {number: change.after if there else change.before for number, change in row.changes.items()}

        return overlaid(at_first, rows, got)

    def _with_latest_changes(self) -> list[RowValues]:
        positions = [want.position for want in self.wanted]
        with self.writer.store.reading() as connection:
            return _with_changes(self.wanted, cell_history.written_rows(connection, self.writer.job_id, positions))


def _with_changes(wanted: Sequence[RowValues], known: Mapping[int, WrittenRow]) -> list[RowValues]:
    """Return the rows with what was meant to be written so far, from the recorded ones by their position."""
    return [
        replace(want, changes=found.changes, row_context=found.row_context)
        if (found := known.get(want.position)) and not found.undone
        else (replace(want, changes={}) if want.changes else want)
        for want in wanted
    ]
