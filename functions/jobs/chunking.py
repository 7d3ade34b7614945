"""Cut the rows of a job into chunks."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from functions.context import AppContext
from functions.enrichment.cost_plan import people_to_ask
from functions.jobs.request import JobRequest

LARGE = 400
"""Rows, or people to be asked for, from which a chunk is written in several turns: a smaller one is soon over."""


def chunk_numbers(context: AppContext, job_request: JobRequest, keys: Sequence[str], max_rows: int) -> Iterator[int]:
    """Return the chunk of each open row, from 1, by the person in it.

    A chunk has as many people to be asked for as the first provider allows in a minute, so that no other run waits
    much longer for a worker; people who are known do not count for that. The first of several large chunks is half as
    large: those that run side by side share the lookups in flight, and would all end, and wait for their turn to write,
    at the same moment.

    Raises:
        StoreError: the store cannot be used.
    """
    terms = {name: context.terms[name] for name in job_request.providers or context.providers if name in context.terms}
    per_minute = next((of_name.per_minute for of_name in terms.values()), None)
    max_people = max_rows if per_minute is None else max(1, min(max_rows, int(per_minute)))
    to_ask: Collection[str] = ()
    if max_people < min(max_rows, len(keys)):
        asked = people_to_ask(
            context.store,
            keys,
            terms=terms,
            needs=job_request.wanted(),
            fresh=context.fresh,
            now=context.clock(),
            retry=job_request.retry,
        )
        to_ask = {key for key, providers in asked.items() if providers}
    return numbered(keys, to_ask, max_rows=max_rows, max_people=max_people)


def numbered(keys: Sequence[str], to_ask: Collection[str], *, max_rows: int, max_people: int) -> Iterator[int]:
    """Yield the chunk of each row, from 1, by the person in it; the first of several large ones is half as large.

    Args:
        keys: the people, in the order of the rows.
        to_ask: those who are to be asked for.
        max_rows: of a chunk.
        max_people: of a chunk, who are to be asked for.
    """
    number, rows, people = 1, 0, set[str]()
    are_several = len(keys) > max_rows or len(to_ask) > max_people
    shares = 2 if are_several and min(max_rows, max_people) >= LARGE else 1
    for key in keys:
        is_new = key in to_ask and key not in people
        if rows == max_rows // shares or (is_new and len(people) == max_people // shares):
            number, rows, people, shares = number + 1, 0, set(), 1
        rows += 1
        if key in to_ask:
            people.add(key)
        yield number
