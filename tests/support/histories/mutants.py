"""Bugs put in on purpose, each as a patch of the engine: histories that do not find them prove little."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import msgspec
import sqlalchemy as sa

from functions.jobs import row_outcomes
from functions.sheets import row_matching, undo_matching
from functions.sheets.cells import SheetRow
from functions.sheets.row_matching import RowMatches, RowValues
from functions.store import chunks, claims, ledger, rates, schema
from functions.store.chunks import Chunk
from functions.store.database import Store, insert
from functions.store.lookups import Claimed, Recorded, Settlement, Wanted

Mutant = Callable[[], AbstractContextManager[object]]


@contextmanager
def _in_place_of(function: Callable[..., object], other: Callable[..., object]) -> Iterator[None]:
    """Puts a function in the place of another one, in every module that has imported that by name."""
    name = function.__name__
    with ExitStack() as patches:
        for module in [it for path, it in sorted(sys.modules.items()) if path.startswith("functions.")]:
            if getattr(module, name, None) is function:
                patches.enter_context(patch.object(module, name, other))
        yield


@contextmanager
def claim_is_not_durable() -> Iterator[None]:
    """A lookup is sent before its claim is committed; the claim is made up for when the answer is settled."""
    claim, settle = claims.claim, claims.settle
    rows: dict[str, dict[str, Any]] = {}

    def hasty(store: Store, *arguments: Any, **options: Any) -> Claimed:  # noqa: ANN401 - the function's own
        claimed = claim(store, *arguments, **options)
        tokens = [one.token for one in claimed.granted]
        with store.writing() as connection:
            table = schema.claims
            condition = table.c.token.in_(tokens)
            for row in connection.execute(sa.select(table).where(condition)).mappings():
                rows[row["token"]] = dict(row)
            connection.execute(table.delete().where(condition))
        return claimed

    def belated(
        store: Store,
        settlements: Sequence[Settlement],
        now: Any,  # noqa: ANN401 - the function's own
        wanted: Wanted | None = None,
    ) -> Recorded:
        with store.writing() as connection:
            for settlement in settlements:
                if made := rows.pop(settlement.claim.token, None):
                    connection.execute(insert(connection, schema.claims).on_conflict_do_nothing(), made)
        recorded = settle(store, settlements, now)
        return replace(recorded, claimed=hasty(store, wanted)) if wanted else recorded

    with patch.object(claims, "claim", hasty), patch.object(claims, "settle", belated):
        yield


def release_is_lost() -> AbstractContextManager[object]:
    """What was reserved for a lookup that cost nothing stays reserved."""
    by_change = ledger._by_change

    def lossy(reserved: Mapping[str, Any], released: Mapping[str, Any], spent: Mapping[str, Any]) -> Any:  # noqa: ANN401 - the function's own
        return by_change(reserved, {name: amount for name, amount in released.items() if spent.get(name)}, spent)

    return patch.object(ledger, "_by_change", lossy)


def row_is_matched_by_number() -> AbstractContextManager[object]:
    """Values go where the row stood when the run began."""
    match = row_matching.match_rows

    def by_number(wanted: Sequence[RowValues], rows: Sequence[SheetRow], **options: Any) -> RowMatches:  # noqa: ANN401 - the function's own
        keys = {want.row: want.key for want in wanted}
        return match(
            wanted,
            [msgspec.structs.replace(row, identity=keys.get(row.number, row.identity)) for row in rows],
            **options,
        )

    return _in_place_of(match, by_number)


def undo_ignores_what_users_typed() -> AbstractContextManager[object]:
    """An undo gives every cell back what it held, whatever stands there now."""

    def all_of_it(want: RowValues, row: SheetRow) -> Any:  # noqa: ANN401 - cells
        return {number: change.after for number, change in want.changes.items() if number in row.cells}

    return _in_place_of(undo_matching._still_there, all_of_it)


def quota_is_counted_twice() -> AbstractContextManager[object]:
    """Each turn counts as two lookups against the provider's limits."""
    take = rates.Offer.take

    def twice(self: rates.Offer, connection: sa.Connection, count: int) -> rates.Given:
        given = take(self, connection, count)
        if count:
            take(replace(self, schedule=rates.lock(connection, self.pace)), connection, count)
        return given

    return patch.object(rates.Offer, "take", twice)


def lease_is_ignored_at_the_end() -> AbstractContextManager[object]:
    """An attempt that has lost its chunk to another one records its end all the same."""

    def anybodys(chunk: Chunk) -> tuple[sa.ColumnElement[bool], ...]:
        return (schema.chunks.c.id == chunk.id,)

    return patch.object(chunks, "_held", anybodys)


def nobody_marks_who_was_paid_for() -> AbstractContextManager[object]:
    """`mark_enriched` is removed: rows end as their own attempt has seen them."""

    def as_seen(_connection: sa.Connection, _job: Any, _rows: Any, outcomes: Any) -> Any:  # noqa: ANN401 - the function's own
        return outcomes

    return _in_place_of(row_outcomes.mark_enriched, as_seen)


MUTANTS: Mapping[str, Mutant] = {
    "settle before the claim is durable": claim_is_not_durable,
    "a lost release": release_is_lost,
    "a row matched by number": row_is_matched_by_number,
    "undo over a user's cell": undo_ignores_what_users_typed,
    "a quota counted twice": quota_is_counted_twice,
    "lease ignored at the end": lease_is_ignored_at_the_end,
    "mark_enriched removed": nobody_marks_who_was_paid_for,
}
"""By what is wrong."""
