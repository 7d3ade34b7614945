"""A row is known by its person's key; one that names nobody by a digest."""

from __future__ import annotations

from functions.sheets.row_identity import identity
from tests.support.row_blocks import block_of

JANE = "linkedin.com/in/jane-doe"


def test_rows_are_known_by_their_person_and_others_by_a_digest_that_does_not_tell_their_text() -> None:
    block = block_of([[f"https://{JANE}/"], ["Jane's private note"], ["Jane's private note"], [""]])
    names = [identity(block, index, 0) for index in range(4)]
    assert names[0] == JANE
    assert names[1] == names[2] != names[3]
    assert all(name.startswith("text:") and "private" not in name for name in names[1:])
