"""Rows of jobs, as the store keeps them: each ends in one way.

How many ended in which way is kept beside them, and changes in the same transaction: a job is looked at each second,
and a look must not count its rows. Whoever changes outcomes has locked the job.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

import msgspec
import sqlalchemy as sa

from functions.outcomes import Again, Outcome
from functions.sheets.cells import NOBODY
from functions.store import schema
from functions.store.database import insert

_BATCH = 500
"""Keys in one query."""
_INSERTED = 2_000
"""Rows that are inserted at once: each takes half a kilobyte until it is."""

_rows, _counts = schema.job_rows, schema.row_counts


class JobRow(msgspec.Struct, frozen=True, gc=False):
    """A row of a job."""

    position: int
    """Its place in the range, from 0."""
    chunk: int
    row: int
    """Its row in the sheet when it was read, from 1."""
    key: str | None
    """The profile's key. Where there is no profile, the identity of a row whose Status is written, or None."""
    outcome: Outcome | None
    """None while the row is open."""
    detail: str
    held: frozenset[int] = frozenset()
    """The numbers of the fields that held something when it was read; not read back."""
    again: Again | None = None
    """Why it is tried again although it has ended."""

    @property
    def person(self) -> str | None:
        """The profile's key; None where there is none."""
        return None if self.key is None or self.key.startswith(NOBODY) else self.key

    @property
    def is_open(self) -> bool:
        """Tell whether the run still looks its person up."""
        return self.key is not None and (self.outcome is None or self.again is Again.WAITING)


_READ = tuple(name for name in JobRow.__struct_fields__ if name != "held")
_outcome = sa.func.coalesce(_rows.c.outcome, "")
"""For conditions beside some positions or people: SQLite knows no statistics, and would rather look through all rows of
the job with this outcome, by its index, than through those few."""
_SETTLE = (
    _rows.update()
    .where(
        _rows.c.job_id == sa.bindparam("of_job"),
        _rows.c.position.in_(sa.bindparam("at", expanding=True)),
        _outcome == "",
    )
    .values(outcome=sa.bindparam("so"), detail=sa.bindparam("said"))
)
_WANTED = (
    _rows.c.key.is_not(None),
    sa.func.coalesce(_rows.c.outcome, "").not_in([Outcome.LEFT_OUT, Outcome.UNUSABLE]),
)


_WRITTEN = (Outcome.ENRICHED, Outcome.KNOWN, Outcome.NOT_FOUND, Outcome.FAILED, Outcome.IN_DOUBT)
"""Outcomes of rows that hold what is recorded of their cells: at least their Status."""


def add(connection: sa.Connection, job_id: str, rows: Iterable[JobRow]) -> None:
    """Records the rows of a job."""
    of_job, ended = iter(rows), Counter[Outcome]()
    while batch := list(islice(of_job, _INSERTED)):
        values = [msgspec.structs.asdict(row) | {"job_id": job_id, "held": _packed(row.held)} for row in batch]
        connection.execute(_rows.insert(), values)
        ended.update(row.outcome for row in batch if row.outcome is not None)
    _count(connection, job_id, ended)


def of_chunk(connection: sa.Connection, job_id: str, chunk: int) -> list[JobRow]:
    """The rows of one chunk, in order."""
    condition = _rows.c.job_id == job_id, _rows.c.chunk == chunk
    # In the order of the index of positions, SQLite would look through all rows of the job.
    return _selected(connection, sa.and_(*condition), limit=None, order=_rows.c.position + 0)


def page(
    connection: sa.Connection,
    job_id: str,
    outcome: Outcome | None,
    after: int,
    limit: int,
    *,
    without: int | None = None,
) -> list[JobRow]:
    """Return rows after position `after`, in order, of one outcome or all; `without`: only if that field is empty."""
    conditions = [_rows.c.job_id == job_id, _rows.c.position > after]
    if outcome is not None:
        conditions.append(_rows.c.outcome == outcome)
    if without is not None:
        conditions += [*_WANTED, sa.not_(_is_filled(without))]
    return _selected(connection, sa.and_(*conditions), limit=limit)


def settle(connection: sa.Connection, job_id: str, outcomes: Sequence[tuple[int, Outcome, str]]) -> None:
    """Give open rows their outcomes (position, outcome, sentence); a row that has one keeps it."""
    alike: dict[tuple[Outcome, str], list[int]] = defaultdict(list)  # most rows end in one of a few ways
    for position, outcome, detail in outcomes:
        alike[outcome, detail].append(position)
    ended = Counter[Outcome]()
    for (outcome, detail), positions in sorted(alike.items()):
        for start in range(0, len(positions), _BATCH):
            values = {"of_job": job_id, "at": positions[start : start + _BATCH], "so": outcome, "said": detail}
            ended[outcome] += connection.execute(_SETTLE, values).rowcount
    _count(connection, job_id, ended)


def settle_open(connection: sa.Connection, job_id: str, outcome: Outcome, detail: str, chunk: int | None) -> None:
    """Gives every row that is still open the same outcome, in one chunk or all."""
    condition = [_rows.c.job_id == job_id, _rows.c.outcome.is_(None)]
    if chunk is not None:
        condition.append(_rows.c.chunk == chunk)
    settled = connection.execute(_rows.update().where(*condition).values(outcome=outcome, detail=detail))
    _count(connection, job_id, {outcome: settled.rowcount})


def mark(connection: sa.Connection, job_id: str, reasons: Mapping[int, Again]) -> None:
    """Record for rows that have ended why a retry opens them again, by position."""
    if not reasons:
        return
    statement = _rows.update().where(_rows.c.job_id == job_id, _rows.c.position == sa.bindparam("at"))
    rows = [{"at": position, "because": reason} for position, reason in reasons.items()]
    connection.execute(statement.values(again=sa.bindparam("because")), rows)


def go_on(connection: sa.Connection, job_id: str, positions: Iterable[int]) -> None:
    """Open those of these rows again that waited for a provider's limit."""
    wanted = list(positions)
    for start in range(0, len(wanted), _BATCH):
        batch = _rows.c.position.in_(wanted[start : start + _BATCH])
        _open(connection, job_id, _rows.c.job_id == job_id, batch, _rows.c.again == Again.WAITING)


def has_marked(connection: sa.Connection, job_id: str) -> bool:
    """Tells whether a retry opens rows of this job that are marked."""
    condition = _rows.c.job_id == job_id, _rows.c.again.is_not(None)
    return connection.scalar(sa.select(_rows.c.position).where(*condition).limit(1)) is not None


def reopen(connection: sa.Connection, job_id: str, outcomes: Iterable[Outcome]) -> list[int]:
    """Open rows with these outcomes and marked rows for a retry; return the numbers of their chunks."""
    condition = _to_be_tried(job_id, outcomes)
    numbers = list(connection.scalars(sa.select(_rows.c.chunk).where(*condition).distinct()))
    _open(connection, job_id, *condition)
    return numbers


def ended_as(connection: sa.Connection, job_id: str, outcomes: Iterable[Outcome]) -> list[JobRow]:
    """Return, in order, rows with a person that have one of these outcomes or are marked."""
    condition = _to_be_tried(job_id, outcomes)
    return _selected(connection, sa.and_(*condition), limit=None)


def chunk_numbers(connection: sa.Connection, job_id: str) -> list[int]:
    """The chunks with rows that are open, or without a profile and with a Status that is to be written."""
    is_told = sa.and_(_rows.c.outcome == Outcome.UNUSABLE, _rows.c.key.is_not(None))
    condition = _rows.c.job_id == job_id, sa.or_(_rows.c.outcome.is_(None), is_told)
    return list(connection.scalars(sa.select(_rows.c.chunk).where(*condition).distinct()))


def first_people(connection: sa.Connection, job_id: str, limit: int) -> list[JobRow]:
    """Return the first rows with a person, in order."""
    is_person = _rows.c.key.is_not(None), sa.func.coalesce(_rows.c.outcome, "") != Outcome.UNUSABLE
    return _selected(connection, sa.and_(_rows.c.job_id == job_id, *is_person), limit=limit)


def ended(connection: sa.Connection, job_id: str, positions: Sequence[int]) -> set[int]:
    """Return those of these rows that have their outcome."""
    found: set[int] = set()
    for start in range(0, len(positions), _BATCH):
        batch = list(positions[start : start + _BATCH])
        condition = _rows.c.job_id == job_id, _rows.c.position.in_(batch), _outcome != ""
        found |= set(connection.scalars(sa.select(_rows.c.position).where(*condition)))
    return found


def several(connection: sa.Connection, job_id: str, keys: Sequence[str]) -> set[str]:
    """Return those of these people who stand in several rows."""
    found: set[str] = set()
    for start in range(0, len(keys), _BATCH):
        condition = _rows.c.job_id == job_id, _rows.c.key.in_(keys[start : start + _BATCH])
        statement = sa.select(_rows.c.key).where(*condition).group_by(_rows.c.key).having(sa.func.count() > 1)
        found.update(connection.scalars(statement))
    return found


def keys_with(connection: sa.Connection, job_id: str, outcome: Outcome, keys: Sequence[str]) -> set[str]:
    """Return those of these people who have a row with this outcome."""
    found: set[str] = set()
    for start in range(0, len(keys), _BATCH):
        batch = _rows.c.key.in_(keys[start : start + _BATCH])
        condition = _rows.c.job_id == job_id, _outcome == outcome, batch
        found.update(connection.scalars(sa.select(_rows.c.key).where(*condition)))
    return found


def counts(connection: sa.Connection, job_id: str) -> dict[Outcome, int]:
    """Return the number of rows by outcome; open rows are not counted."""
    statement = sa.select(_counts.c.outcome, _counts.c.rows).where(_counts.c.job_id == job_id, _counts.c.rows > 0)
    return {Outcome(outcome): rows for outcome, rows in connection.execute(statement.order_by(_counts.c.outcome))}


def fill_counts(connection: sa.Connection, job_id: str, fields: int) -> tuple[int, list[int]]:
    """Return the number of wanted rows, and for each field the number of wanted rows in which it is filled.

    A row is wanted if it has a person and was not left out. A field is filled if its cell held something when the job
    began, or has received a value.
    """
    sums = [sa.func.sum(sa.case((_is_filled(number), 1), else_=0)) for number in range(fields)]
    statement = sa.select(sa.func.count(), *sums).where(_rows.c.job_id == job_id, *_WANTED)
    rows, *filled = connection.execute(statement).one()
    return rows, [int(count or 0) for count in filled]


def _open(connection: sa.Connection, job_id: str, *condition: sa.ColumnElement[bool]) -> None:
    """Opens rows that have ended."""
    ended = sa.select(_rows.c.outcome, sa.func.count()).where(*condition, _rows.c.outcome.is_not(None))
    opened = {Outcome(outcome): -rows for outcome, rows in connection.execute(ended.group_by(_rows.c.outcome))}
    connection.execute(_rows.update().where(*condition).values(outcome=None, detail="", again=None))
    _count(connection, job_id, opened)


def _count(connection: sa.Connection, job_id: str, more: Mapping[Outcome, int]) -> None:
    """Counts further rows that ended so, or fewer."""
    for outcome, rows in sorted(more.items()):
        if rows > 0:
            counted = insert(connection, _counts).values(job_id=job_id, outcome=outcome, rows=rows)
            connection.execute(
                counted.on_conflict_do_update(
                    index_elements=[_counts.c.job_id, _counts.c.outcome],
                    set_={"rows": _counts.c.rows + counted.excluded.rows},
                )
            )
        elif rows:
            of_outcome = _counts.c.job_id == job_id, _counts.c.outcome == outcome
            connection.execute(_counts.update().where(*of_outcome).values(rows=_counts.c.rows + rows))


def _is_filled(number: int) -> sa.ColumnElement[bool]:
    got = _rows.c.outcome.in_(_WRITTEN), _rows.c.cells[str(number)].as_string().is_not(None)
    return sa.or_(sa.func.coalesce(_rows.c.held, "").contains(f",{number},"), sa.and_(*got))


def _packed(held: frozenset[int]) -> str | None:
    return f",{','.join(map(str, sorted(held)))}," if held else None


def _to_be_tried(job_id: str, outcomes: Iterable[Outcome]) -> tuple[sa.ColumnElement[bool], ...]:
    """Rows that a retry of these outcomes opens; those marked as in doubt, too, only with the outcome `in_doubt`."""
    ended = list(outcomes)
    marks = [Again.SKIPPED, Again.WAITING, *([Again.IN_DOUBT] if Outcome.IN_DOUBT in ended else [])]
    is_wanted = sa.or_(_rows.c.outcome.in_(ended), _rows.c.again.in_(marks))
    return _rows.c.job_id == job_id, is_wanted, _rows.c.key.is_not(None)


def _selected(
    connection: sa.Connection,
    condition: sa.ColumnElement[bool],
    limit: int | None,
    order: sa.ColumnElement[int] = _rows.c.position,
) -> list[JobRow]:
    columns = [_rows.c[name] for name in _READ]
    statement = sa.select(*columns).where(condition).order_by(order).limit(limit)
    return [
        JobRow(
            row.position,
            row.chunk,
            row.row,
            row.key,
            Outcome(row.outcome) if row.outcome else None,
            row.detail,
            again=Again(row.again) if row.again else None,
        )
        for row in connection.execute(statement).all()
    ]
