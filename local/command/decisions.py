"""The decision about a row, by what stands in its cells; rows in which the same stands are decided once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from functions.credits.lead_status import LeadStatus
from functions.credits.terms import Needs, Terms
from functions.enrichment.cost_plan import knows_no_more
from functions.enrichment.enricher import Enricher
from functions.fields import Budget
from functions.fields.catalogue import Field
from functions.outcomes import LeftOut
from functions.profiles import Profile
from functions.store import leads
from local.command.only_where import Watch
from local.command.tally import Kind
from local.lists.contract import Cells, Row

REMEMBERED = 20_000
"""Decisions that are kept."""


@dataclass(frozen=True, slots=True)
class Settled:
    """How rows end in which the same stands."""

    kind: Kind
    rendered: Any
    """The values for their cells, as the writer takes them."""
    detail: str
    """The sentence about what went wrong with them, if something did."""


@dataclass(slots=True, eq=False)
class Decision:
    """What a run does with rows in which the same stands."""

    found: Profile | str
    """Their person, or the reason why there is none."""
    sentence: str
    """For the reason."""
    is_filled: bool
    """Whether nothing would be asked for them, and nothing be written into them."""
    left_out: LeftOut | None
    """The reason why they are left out, if they are."""
    key: str = field(init=False)
    """Their person's; empty where nobody is wanted for them."""
    settled: Settled | None = None
    """Their end, once it is known."""

    def __post_init__(self) -> None:
        is_wanted = not self.is_filled and self.left_out is None
        self.key = self.found.key if is_wanted and isinstance(self.found, Profile) else ""

    def outside_of_trial(self) -> Decision:
        """Return the decision about such a row that is not among those of a trial."""
        return Decision(self.found, self.sentence, self.is_filled, self.left_out or LeftOut.TRIAL)


class Decisions:
    """Decides about the rows of one pass over a list, reading the store once for the people of a batch."""

    def __init__(
        self,
        enricher: Enricher,
        fields: Sequence[Field],
        watch: Watch | None,
        parsed: Callable[[str], tuple[Profile | str, str]],
        *,
        terms: Mapping[str, Terms],
        needs: Needs,
        retry: Collection[LeadStatus],
        include_hidden: bool,
    ) -> None:
        """Begin a pass over a list.

        Args:
            enricher: of the run.
            fields: wanted.
            watch: tells which rows meet the run's conditions, if it has some; the rows are read with its layout.
            parsed: the profile in a URL cell, or the reason why there is none and its sentence.
            terms: of the providers that may be asked.
            needs: of the fields.
            retry: statuses that are asked again.
            include_hidden: whether hidden rows are filled, too.
        """
        self._enricher, self._fields, self._watch, self._parsed = enricher, fields, watch, parsed
        self._terms, self._needs, self._retry, self._include_hidden = terms, needs, retry, include_hidden
        self._made: dict[Cells, Decision] = {}

    def of(self, rows: Sequence[Row]) -> list[Decision]:
        """Decide about each of these rows."""
        made = self._made
        try:
            return [made[row.cells] for row in rows]
        except KeyError:
            if len(made) > REMEMBERED:
                made.clear()
            made.update(self._decide({row.cells for row in rows}.difference(made)))
        return [made[row.cells] for row in rows]

    def _decide(self, every: Collection[Cells]) -> dict[Cells, Decision]:
        watch, width = self._watch, len(self._fields)
        profiles = {cells: self._parsed(cells.url) for cells in every}
        filled = {cells for cells in every if all(cells.held[:width])}
        partly = {
            cells: found
            for cells, (found, _) in profiles.items()
            if cells not in filled and any(cells.held[:width]) and isinstance(found, Profile)
        }
        filled.update(self._without_more(partly))
        made = {}
        for cells, (found, sentence) in profiles.items():
            left_out = None if self._include_hidden else cells.hidden
            if left_out is None and watch is not None and not watch.is_met(cells):
                left_out = LeftOut.CONDITION
            made[cells] = Decision(found, sentence, cells in filled, left_out)
        return made

    def _without_more(self, partly: Mapping[Cells, Profile]) -> Iterator[Cells]:
        """Yield the cells for which the lead has nothing that they lack, and nobody would be asked."""
        if not partly:
            return
        enricher, budget = self._enricher, Budget(len(partly))
        with enricher.store.reading() as connection:
            keys = sorted({found.key for found in partly.values()})
            known = leads.read(connection, keys, enricher.fresh, enricher.clock())
        for cells, found in partly.items():
            if knows_no_more(
                found,
                known.get(found.key, {}),
                [one for one, held in zip(self._fields, cells.held, strict=False) if not held],
                terms=self._terms,
                needs=self._needs,
                retry=self._retry,
                budget=budget,
            ):
                yield cells
