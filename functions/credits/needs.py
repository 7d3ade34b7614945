"""Decide which needs the chosen fields have, and which of these a lead fills."""

from __future__ import annotations

import re
from collections.abc import Iterable

from functions.credits.terms import NO_NEEDS, Need, Needs
from functions.fields.catalogue import CUSTOM, LEADFILL, Field
from functions.fields.merge import email_of, has_position
from functions.outcomes import Lead

_ABOUT_EMAIL = frozenset({"email", "email_status", "email_source"})
_NAMES_EMAIL = re.compile(r"\bemail\b")


def needs_of(fields: Iterable[Field]) -> Needs:
    """Return the needs of a run that fills these fields.

    An e-mail is needed for the fields about it, and for a custom field that names it. Every other field of a lead needs
    the person. So does a choice of only fields that Leadfill knows itself: without a need, no provider would be asked.
    """
    needs = set()
    for field in fields:
        if field.name in _ABOUT_EMAIL:
            needs.add(Need.EMAIL)
        elif field.group != LEADFILL:
            needs.add(Need.PERSON)
        if field.group == CUSTOM and _NAMES_EMAIL.search(field.expression):
            needs.add(Need.EMAIL)
    return frozenset(needs) or frozenset({Need.PERSON})


def filled_by(lead: Lead) -> Needs:
    """Return the needs that a lead fills.

    The person is known by a name together with a title or a company: some people have no company at the moment.
    """
    filled = {Need.PERSON} if has_position(lead) else set()
    return NO_NEEDS | filled | ({Need.EMAIL} if email_of(lead) else set())
