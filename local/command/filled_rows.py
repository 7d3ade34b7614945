"""Rows that count as filled: nothing would be asked for them, and nothing be written into them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache

from functions.credits.lead_status import LeadStatus
from functions.credits.terms import Needs, Terms
from functions.enrichment.cost_plan import knows_no_more
from functions.enrichment.enricher import Enricher
from functions.fields import Budget
from functions.fields.catalogue import Field
from functions.profiles import Profile
from functions.store import leads
from local.lists.contract import Row

REMEMBERED = 20_000
"""URLs and masks for which the answer is kept."""
_Mask = tuple[bool, ...]
"""Which of a row's cells hold something."""


class FilledRows:
    """Tells which rows of a list count as filled, reading the store once for the people of a batch."""

    def __init__(
        self,
        enricher: Enricher,
        fields: Sequence[Field],
        parsed: Callable[[str], tuple[Profile | str, str]],
        *,
        terms: Mapping[str, Terms],
        needs: Needs,
        retry: Collection[LeadStatus],
    ) -> None:
        """Begin a pass over a list.

        Args:
            enricher: of the run.
            fields: wanted.
            parsed: the profile in a URL cell, or the reason why there is none.
            terms: of the providers that may be asked.
            needs: of the fields.
            retry: statuses that are asked again.
        """
        self._enricher, self._fields, self._parsed = enricher, fields, parsed
        self._terms, self._needs, self._retry = terms, needs, retry
        self._answers: dict[tuple[str, _Mask], bool] = {}

    def of(self, rows: Sequence[Row]) -> list[bool]:
        """Tell of each row whether all of its cells hold something, or its lead has nothing for those that do not."""
        answers = self._answers
        questions = [(row.url, _mask(row.held)) for row in rows]
        open_questions = set(questions).difference(answers)
        if len(answers) + len(open_questions) > REMEMBERED:
            answers.clear()
            open_questions = set(questions)
        if open_questions:
            answers.update(self._answer(open_questions))
        return [answers[question] for question in questions]

    def _answer(self, questions: Collection[tuple[str, _Mask]]) -> dict[tuple[str, _Mask], bool]:
        answers = {(url, mask): all(mask) for url, mask in questions}
        partly: dict[tuple[str, _Mask], Profile] = {}
        for url, mask in questions:
            if any(mask) and not all(mask) and isinstance(found := self._parsed(url)[0], Profile):
                partly[url, mask] = found
        if not partly:
            return answers
        enricher, budget = self._enricher, Budget(len(questions))
        with enricher.store.reading() as connection:
            keys = sorted({found.key for found in partly.values()})
            known = leads.read(connection, keys, enricher.fresh, enricher.clock())
        for (url, mask), found in partly.items():
            answers[url, mask] = knows_no_more(
                found,
                known.get(found.key, {}),
                [field for field, is_held in zip(self._fields, mask, strict=True) if not is_held],
                terms=self._terms,
                needs=self._needs,
                retry=self._retry,
                budget=budget,
            )
        return answers


@lru_cache(maxsize=10_000)
def _mask(held: tuple[str, ...]) -> _Mask:
    return tuple(map(bool, held))
