"""Tell whom a row names, and by what it is known again."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from functions.errors import NotAProfile
from functions.profiles import Profile, parse
from functions.sheets.cells import NOBODY, Content, Formula, Spilled
from functions.sheets.grid import RowBlock


def who(block: RowBlock, index: int, column: int) -> tuple[Profile | str, str]:
    """Return a row's profile with an empty sentence; or the reason why it has none, and what to do about it."""
    try:
        return parse(block.text(index, column), block.links(index, column)), ""
    except NotAProfile as error:
        return str(error.reason), str(error)


def identity(block: RowBlock, index: int, column: int) -> str:
    """Return the identity of a row: its profile's key or, without one, the reason and a digest of its URL cell.

    The latter is no key. It is a digest since it is kept for the undo, and the text may name somebody.
    """
    key, reason = _read(block.text(index, column), block.links(index, column))
    if not reason:
        return key
    said = _typed(block.content(index, column)).encode("utf-8", "surrogatepass")
    return f"{NOBODY}{reason}:{hashlib.blake2b(said, digest_size=16).hexdigest()}"


def reason_of(identity_of_nobody: str) -> str:
    """Return the reason why a row with this identity has no profile."""
    return identity_of_nobody.removeprefix(NOBODY).partition(":")[0]


def is_computed(block: RowBlock, index: int, column: int) -> bool:
    """Tell whether the URL cell holds a formula: by its text, which changes when the row moves, no row is known."""
    return isinstance(block.content(index, column), Formula)


@lru_cache(maxsize=4_000)  # the rows of a chunk are seen twice, before a write and after it
def _read(text: str, links: tuple[str, ...]) -> tuple[str, str]:
    """Return the key of the profile in a cell and an empty reason, or no key and the reason why there is none."""
    try:
        return parse(text, links).key, ""
    except NotAProfile as error:
        return "", str(error.reason)


def _typed(cell: Content) -> str:
    return cell.text if isinstance(cell, Formula | Spilled) else str(cell)
