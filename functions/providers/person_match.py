"""Check whether an answer is about the person who was asked for. Pure.

Some providers give the closest match instead of none. A changed URL alone proves nothing, since people rename their
profiles; so the answer's name must not occur in the asked URL either.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from unicodedata import combining, normalize

from functions.profiles import NotAProfile, Profile, parse

_MEMBER_ID = re.compile(r"AC[ow]AA")
"""Begins the internal ids that stand in some URLs instead of a slug; they say nothing about the slug."""


def is_other_person(asked: Profile, urls: Iterable[object], names: Iterable[object]) -> bool:
    """Return whether an answer is certainly about somebody else.

    Args:
        asked: whom the provider was asked for.
        urls: every LinkedIn URL of the person in the answer; what is no profile is not compared.
        names: the first and the last name in the answer.
    """
    slug = _slug(asked)
    slugs = {_slug(profile) for profile in map(_profile, urls) if profile}
    if _MEMBER_ID.match(slug) or not slugs or slug in slugs or any(map(_MEMBER_ID.match, slugs)):
        return False
    letters = _letters(slug)
    return not any(name in letters for name in map(_letters, names) if not _says_nothing(name))


def _profile(url: object) -> Profile | None:
    try:
        return parse(url)
    except NotAProfile:
        return None


def _slug(profile: Profile) -> str:
    return profile.key.rpartition("/")[2]


def _letters(value: object) -> str:
    """The letters of a text, without case and accents."""
    plain = normalize("NFKD", value if isinstance(value, str) else "").casefold()
    return "".join(letter for letter in plain if letter.isalpha() and not combining(letter))


def _says_nothing(name: str) -> bool:
    """Return whether a name says nothing: an initial occurs in nearly every slug."""
    return len(name) < 2 and name.isascii()
