"""Resolve requested field names and project a lead onto them; the fields themselves are data, in `catalogue`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Annotated

import msgspec

from functions.errors import InvalidRequest, UnknownField
from functions.fields.catalogue import CATALOGUE, CUSTOM, Field
from functions.fields.cell_format import CellValue, Rendering, iso_time, render
from functions.fields.expressions import MAX_LENGTH, Budget, NoValue, check, evaluate, gives_unix_time
from functions.outcomes import Lead, Outcome

MAX_FIELDS = 100
MAX_HEADER_LENGTH = 100
_NOT_IN_HEADER = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\uffff\ud800-\udfff]"
)
"""Line ends, controls and marks that nobody sees; the joiner of emoji and blanks that do not break are text."""
NO_RAW_ANSWERS: Mapping[str, object] = MappingProxyType({})
FieldNames = Annotated[
    tuple[Annotated[str, msgspec.Meta(max_length=1500)], ...],
    msgspec.Meta(min_length=1, max_length=MAX_FIELDS, description="Names, headers, or `Header=expression`"),
]
"""As requests name fields; `select` resolves them."""


class Facts(msgspec.Struct, frozen=True, gc=False):
    """Facts that Leadfill itself knows about a row."""

    status: Outcome
    enriched_at: datetime | None = None
    """Aware; when the provider gave the lead, None if it never did."""
    linkedin_url: str = ""
    """As sent to the provider; empty where the cell holds no profile."""
    source: str = ""
    """The provider, as people call it, whose name, position and company these are."""
    email_source: str = ""
    """The provider, as people call it, whose e-mail address this is."""


def project(
    lead: Lead | None,
    facts: Facts,
    fields: Sequence[Field],
    *,
    raw: Mapping[str, object] = NO_RAW_ANSWERS,
    budget: Budget | None = None,
    failed: Callable[[str], CellValue] = lambda _: "",
) -> list[CellValue]:
    """Render the cells of one row, one for each field; a missing value is "". Never raises, whatever the lead is.

    Text keeps a leading `=`, `+`, `-` or `@`: the CSV edge escapes it, and Sheets is written RAW.

    Args:
        lead: what is known of the person, if something is.
        facts: what Leadfill itself knows of the row.
        fields: what is wanted.
        raw: the providers' own answers, by the provider's name; a custom field that names one reads it.
        budget: what the custom fields of all rows together may cost; by default this row has one of its own.
        failed: what a cell holds whose custom field has no value for this lead, from the sentence that says why.
    """
    known = lead if isinstance(lead, dict) else {}
    cells: list[CellValue] = []
    for field in fields:
        expression = field.expression
        if not expression:
            cells.append(_fact(field.name, facts))
            continue
        try:
            if field.group == CUSTOM:
                budget = budget or Budget()
                value = evaluate(expression, known | _named(expression, raw), budget)
            elif expression.isidentifier():  # needs no JMESPath, and is a tenth of the time
                value = known.get(expression)
            elif keys := _listed(expression):  # likewise
                value = [known.get(key) for key in keys]
            else:
                value = evaluate(expression, known)
        except NoValue as reason:
            cells.append(failed(str(reason)))
            continue
        cells.append("" if value is None else render(value, field.rendering))
    return cells


def keys_read(fields: Sequence[Field]) -> frozenset[str] | None:
    """Return the keys of a lead that these fields read, and perhaps more; None where they may read any."""
    if any(field.group == CUSTOM for field in fields):
        return None
    return _all_words(tuple([field.expression for field in fields]))


@lru_cache(maxsize=100)
def _listed(expression: str) -> Sequence[str]:
    """Return the keys in `[city, state, country]`; none where an expression is anything else."""
    keys = expression[1:-1].split(", ")
    return keys if expression == f"[{', '.join(keys)}]" and all(map(str.isidentifier, keys)) else ()


@lru_cache(maxsize=100)
def _all_words(expressions: tuple[str, ...]) -> frozenset[str]:
    return frozenset[str]().union(*map(_words, expressions))


def _named(expression: str, raw: Mapping[str, object]) -> Lead:
    """Return the raw answers that an expression names; others are not decoded."""
    words = _words(expression)
    return {provider: raw[provider] for provider in raw if provider in words}


@lru_cache(maxsize=1_000)
def _words(expression: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", expression))


def _fact(name: str, facts: Facts) -> CellValue:
    if name == "status":
        return facts.status.words
    if name == "enriched_at":
        return iso_time(facts.enriched_at) if facts.enriched_at else ""
    return render({"source": facts.source, "email_source": facts.email_source}.get(name, facts.linkedin_url))


def split(text: str) -> list[str]:
    """Cut a list, such as `email, First skill=skills[0]`, into names for `select`.

    Semicolons cut as commas do: many locales write them between the arguments of a formula. Neither cuts inside the
    brackets or quotes of a custom expression; empty parts are dropped.
    """
    parts, start, depth, quote, in_expression, escaped = [], 0, 0, "", False, False
    for position, character in enumerate(text):
        if escaped:
            escaped = False
        elif quote:
            escaped = character == "\\"
            quote = "" if character == quote else quote
        elif character in ",;" and depth <= 0:
            parts.append(text[start:position])
            start, depth, in_expression = position + 1, 0, False
        elif character == "=":
            in_expression = True
        elif in_expression:  # a header may hold an apostrophe or a bracket of its own
            quote = character if character in "'\"`" else ""
            depth += (character in "([{") - (character in ")]}")
    parts.append(text[start:])
    return [part.strip() for part in parts if part.strip()]


def select(names: Sequence[str]) -> tuple[Field, ...]:
    """Resolve names to fields, in their order.

    Each is a name of the catalogue, a header of it or another title that lists have for it (case, spaces, hyphens and
    underscores do not matter), or a custom field `Header=expression` with a JMESPath expression over the lead, in which
    a provider's name stands for that provider's own answer. The names of the fields returned select the same fields
    again.

    Raises:
        UnknownField: with the nearest name.
        InvalidRequest: if nothing or too much is selected, a column twice, or an expression is invalid.
    """
    if not names:
        raise InvalidRequest("No field is chosen; choose at least one, such as `email`.")
    if len(names) > MAX_FIELDS:
        raise InvalidRequest(f"{len(names)} fields are chosen; at most {MAX_FIELDS} are possible.")
    fields = tuple(_selected(name.strip()) for name in names)
    seen: dict[str, Field] = {}
    for field in fields:
        if seen.setdefault(spelling(field.header), field) is not field or fields.count(field) > 1:
            raise InvalidRequest(f"The field “{field.header}” is chosen twice; leave one of them out.")
    return fields


def spelling(text: str) -> str:
    """Return the form in which names are compared: `Company  Size`, `company_size` and `company-size` are one."""
    return " ".join(re.split(r"[\s_-]+", text.casefold())).strip()


@cache
def _by_spelling() -> dict[str, Field]:
    by_alias = {spelling(alias): field for field in CATALOGUE for alias in field.aliases}
    by_header = {spelling(field.header): field for field in CATALOGUE}
    return by_alias | by_header | {spelling(field.name): field for field in CATALOGUE}


def _selected(name: str) -> Field:
    if len(name) > MAX_HEADER_LENGTH + 1 + MAX_LENGTH:
        raise InvalidRequest(f"The field “{_short(name)}” is {len(name)} characters long, which is too much.")
    if field := _by_spelling().get(spelling(name)):
        return field
    header, equals, expression = name.partition("=")
    if not equals or expression.startswith("=") or header.endswith(("!", "<", ">")):  # a comparison, not a header
        raise UnknownField(_unknown(name))
    return _custom(header.strip(), expression.strip())


def _custom(header: str, expression: str) -> Field:
    if not header or _NOT_IN_HEADER.search(header) or len(header) > MAX_HEADER_LENGTH:
        raise InvalidRequest(
            f"The custom field “{_short(f'{header}={expression}')}” needs a header of one line and at most "
            f"{MAX_HEADER_LENGTH} characters before the “=”, such as `First skill=skills[0]`.",
        )
    try:
        check(expression)
    except InvalidRequest as error:
        raise InvalidRequest(f"The expression of “{header}” {error}") from error
    rendering = Rendering.DATE if gives_unix_time(expression) else Rendering.TEXT
    return Field(f"{header}={expression}", header, CUSTOM, expression, rendering, "A custom field.", "")


def _unknown(name: str) -> str:
    listed = "The sidebar and docs/fields.md list all fields."
    if not name:
        return f"A field has no name. {listed}"
    if by_key := [field for field in CATALOGUE if field.expression == name]:
        return f"There is no field “{name}”; Slintel's {name} is the field `{by_key[0].name}`. {listed}"
    if re.search(r"[\[|@=]|\w\(|\w\.\w", name):
        return (
            f"There is no field “{_short(name)}”; a custom field needs a header: `My header={_short(name)}`. {listed}"
        )
    if near := get_close_matches(spelling(name), _by_spelling(), n=1):
        return f"There is no field “{_short(name)}”; did you mean `{_by_spelling()[near[0]].name}`? {listed}"
    return f"There is no field “{_short(name)}”. {listed}"


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
