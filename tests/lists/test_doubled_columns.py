"""Where two columns of a list could be meant, the plan says which one was taken (P5)."""

from __future__ import annotations

from pathlib import Path

import pytest

from functions.fields import select
from local.lists.layout import doubled, lay_out
from local.lists.opening import Choices, open_list

ADA, BOB = "https://www.linkedin.com/in/ada", "https://www.linkedin.com/in/bob"


@pytest.mark.parametrize(
    ("header", "rows", "column", "said"),
    [
        ("Name,LinkedIn,Email", [f"Ada,{ADA},"], "", []),
        ("Name,LinkedIn,Email,Email", [f"Ada,{ADA},,", f"Bob,{BOB},,"], "", ["“Email”", "C is filled, D stays"]),
        ("LinkedIn,Profile", [f"{ADA},{ADA}?trk=1", f"{BOB},{BOB}"], "", ["Column B holds", "those in column A are"]),
        ("LinkedIn,Manager LinkedIn", [f"{ADA},{BOB}", f"{BOB},{ADA}"], "", []),
        ("LinkedIn,LinkedIn", [f"{ADA},{BOB}", f"{BOB},{ADA}"], "LinkedIn", ["Column B holds", "--url-column"]),
    ],
    ids=["none", "e-mail", "the same people", "somebody else's", "one title"],
)
def test_of_columns_that_could_be_meant_it_is_said_which_was_taken(
    tmp_path: Path, header: str, rows: list[str], column: str, said: list[str]
) -> None:
    path = tmp_path / "leads.csv"
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    source = open_list(path, Choices(column=column))
    remarks = " ".join(doubled(source.shape, lay_out(source.shape, select(["email"]))))
    assert all(words in remarks for words in said)
    assert bool(remarks) == bool(said)
