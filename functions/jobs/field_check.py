"""Check a field while a person types it: say what is wrong with it, or what it shows for somebody who is known.

Nobody is looked up. Every admitted caller may see each lead that the team has paid for, as in a run without costs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

import msgspec

from functions.context import AppContext
from functions.enrichment.result import Result
from functions.errors import LeadfillError
from functions.fields import Budget, select
from functions.fields.catalogue import Field
from functions.outcomes import Outcome
from functions.profiles import NotAProfile, Profile, parse
from functions.store import leads

MAX_EXAMPLE = 200
"""Characters: a sidebar shows no more."""


class CheckedField(msgspec.Struct, frozen=True, kw_only=True):
    """A field as it would be, with an example."""

    header: Annotated[str, msgspec.Meta(description="Title of its column; empty where the field has a problem")]
    problem: Annotated[str, msgspec.Meta(description="A sentence; empty where the field can be used")]
    person: Annotated[str, msgspec.Meta(description="Whom the example is of; empty where nobody of them is known")]
    example: Annotated[str, msgspec.Meta(description="Empty where the field gives nothing for any of them")]


def check_field(context: AppContext, name: str, urls: Sequence[str]) -> CheckedField:
    """Check one field.

    Args:
        context: the parts.
        name: of the catalogue, or `Header=expression`.
        urls: texts of cells; the first whose person is known and has a value is the example.
    """
    try:
        [field] = select([name])
    except LeadfillError as error:
        return CheckedField(header="", problem=str(error), person="", example="")
    person, example = "", ""
    for whose, value in _values(context, field, urls):
        person, example = whose, value[:MAX_EXAMPLE]
        if value:
            break
    return CheckedField(header=field.header, problem="", person=person, example=example)


def _values(context: AppContext, field: Field, urls: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the name of each known person, and what the field gives for them."""
    profiles = list(_profiles(urls))
    with context.store.reading() as connection:
        known = leads.read(connection, [profile.key for profile in profiles], context.fresh, context.clock())
    [name] = select(["name"])
    budget = Budget(max(len(profiles), 1))
    for profile in profiles:
        found = known.get(profile.key, {})
        ordered = {provider: found[provider] for provider in (*context.providers, *found) if provider in found}
        result = Result(0, profile, Outcome.KNOWN, ordered)
        if result.lead is None:
            continue
        whose, value = result.cells((name, field), budget=budget)
        yield str(whose) or profile.url, str(value)


def _profiles(urls: Sequence[str]) -> Iterator[Profile]:
    for text in urls:
        try:
            yield parse(text)
        except NotAProfile:
            continue
