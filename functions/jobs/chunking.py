"""Cut the rows of a job into chunks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from functions.context import AppContext
from functions.enrichment.cost_plan import people_to_ask
from functions.jobs.request import JobRequest


def chunk_numbers(context: AppContext, job_request: JobRequest, keys: Sequence[str], max_rows: int) -> Iterator[int]:
    """Return the chunk of each open row, from 1, by the person in it.

    A chunk has as many people to be asked for as the first provider allows in a minute, so that no other run waits
    much longer for a worker; people who are known do not count for that.

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


def numbered(keys: Iterable[str], to_ask: Collection[str], *, max_rows: int, max_people: int) -> Iterator[int]:
    """Yield the chunk of each row, from 1, by the person in it.

    Args:
        keys: the people, in the order of the rows.
        to_ask: those who are to be asked for.
        max_rows: of a chunk.
        max_people: of a chunk, who are to be asked for.
    """
    number, rows, people = 1, 0, set[str]()
    for key in keys:
        if rows == max_rows or (key in to_ask and key not in people and len(people) == max_people):
            number, rows, people = number + 1, 0, set()
        rows += 1
        if key in to_ask:
            people.add(key)
        yield number
