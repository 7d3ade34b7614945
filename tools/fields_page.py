"""Writes docs/fields.md from the field catalogue: `python -m tools.fields_page`; a test holds the two equal."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from functions.fields.catalogue import CATALOGUE, PRESETS, Field
from functions.fields.cell_format import CELL_LIMIT
from functions.fields.expressions import MAX_LENGTH, MAX_MEMBERS, MAX_STEPS
from functions.fields.selection import MAX_FIELDS

PAGE = Path(__file__).parent.parent / "docs" / "fields.md"

_INTRODUCTION = f"""\
# Fields

<!-- Written by `python -m tools.fields_page`; change functions/fields/catalogue.py instead. -->

A field is a named value made from a lead. Choose fields by name or by header; case, spaces, hyphens and underscores do
not matter, so `size`, `Company size` and `company_size` are one. A run takes at most {MAX_FIELDS}. A lead is kept
whole: another field of a person who is known costs nothing.

## What a cell holds

- Text stands in the cell as it came: `11-50` stays text, and so does a value that begins with `=`.
- A missing value is an empty cell.
- Lists are joined with `; `. Unix times become ISO dates in UTC. Counts and years are numbers.
- Text longer than {CELL_LIMIT:,} characters is cut and ends in `…`. Characters that no cell can hold are left out.
- *Status* says how the row ended, and beside a row without a profile why: `unusable: short link`. It stays as it is
  where the URL cell is empty or holds a formula, whose text changes when rows move, and in rows that a run leaves out.
  A later run that writes *Status* replaces these words, in a sheet only in a column that Leadfill has made for them.

## Custom fields

Anything else in a lead can be had with `Header=expression`, where the expression is [JMESPath](https://jmespath.org)
over the lead, with at most {MAX_LENGTH} characters:

| custom field | what |
|---|---|
| `First skill=skills[0]` | the first skill |
| `Finance tools=technologies[?category=='Finance and Accounting'].technology` | the technologies of one category |
| `Sells=contains(skills, 'Sales')` | TRUE or FALSE |
| `Known from=join(' and ', experience[*].company_name)` | text of your own between the parts |
| `Certainty=prospeo.person.email.status` | a value of one provider's own answer |

A lead is merged from what all providers know of the person: name, position and company are one provider's, an e-mail
address may be another's. The names `slintel`, `people_data_labs`, `prospeo` and `apollo` stand for the provider's own
answer, with its own names and whole; it is empty where that provider was not asked.

A cell shows text, numbers, TRUE or FALSE, and lists of these. A custom field whose result is an object, or holds one
(`@`, `experience[0]`), is refused: name the values that the cell shall show, such as `experience[0].title_name`.
Neither `*` nor `values()` nor `merge()` takes the values of a lead, or of another object with more than {MAX_MEMBERS}
of them, without their names.

An expression that takes more than {MAX_STEPS:,} steps for a lead ends there. In a formula, that cell says so; in a
run, the cell stays empty and the row says so. No other field or row is held up.

The tables below show the expression of each field that has one, to begin with.
"""


def page() -> str:
    """Return the text of docs/fields.md."""
    return "\n".join([_INTRODUCTION, *_presets(), *_groups()])


def _presets() -> Iterator[str]:
    yield "## Presets\n\n| preset | fields |\n|---|---|"
    for preset in PRESETS:
        yield f"| {preset.name} | {', '.join(f'`{name}`' for name in preset.fields)} |"


def _groups() -> Iterator[str]:
    for group, fields in groupby(CATALOGUE, key=lambda field: field.group):
        yield f"\n## {group}\n\n| name | header | what | example | made from |\n|---|---|---|---|---|"
        yield from map(_row, fields)
    yield ""


def _row(field: Field) -> str:
    also = f" A column is also recognised as {', '.join(field.aliases)}." if field.aliases else ""
    cells = (
        f"`{field.name}`",
        field.header,
        field.description + also,
        field.example,
        f"`{field.expression}`" if field.expression else "what Leadfill knows",
    )
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"Wrote {PAGE}.")
