"""The column of a list that holds the people's LinkedIn URLs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from functions.errors import NotAProfile
from functions.fields.headers import ADDRESS, best_header
from functions.profiles import parse
from local.lists.columns import Rows, clean, folded, letter, listing, place_of
from local.lists.errors import BadFile
from local.lists.header import MAX_ABOVE, rows_above

_OTHERS = re.compile(
    r"manager|referr|recruiter|introduc|account|company|organi[sz]ation|owner|assistant|supervisor", re.IGNORECASE
)
"""In the title of a column of URLs: they are somebody else's."""


def is_profile(cell: str) -> bool:
    """Whether a cell holds one person's URL."""
    if "linkedin" not in cell.lower() and "://" not in cell:
        return False
    try:
        parse(cell)
    except NotAProfile:
        return False
    return True


def hits_of(rows: Rows, place: int) -> int:
    """Count the rows with a profile in a column."""
    return sum(is_profile(row[place]) for row in rows if place < len(row))


def find_url_column(
    rows: Rows, column: str, titled: int | None, header: int | None, *, hits: list[int], name: str
) -> int:
    """Return the column that the header's search goes by: the named one, else that with the most profiles."""
    if column:
        if titled is not None:
            places = [place for place, title in enumerate(rows[titled]) if folded(title) == folded(column)]
            return max(places, key=lambda place: (hits[place], -place), default=0)
        place = place_of(column)
        if place is not None and place < len(hits):
            return place
        top = rows[header] if header is not None else next((row for row in rows if any(row)), [])
        raise BadFile(f"{name} has no column {column!r}. Its columns are: {listing(clean(top), len(hits))}.")
    if any(hits):
        return _fullest(rows, hits, name)
    for row in rows[:MAX_ABOVE]:
        named = [place for place, title in enumerate(row) if "linkedin" in title.lower() and not ADDRESS.search(title)]
        if len(named) == 1:
            return named[0]
    top = rows[header] if header is not None else next(row for row in rows if any(cell.strip() for cell in row))
    raise BadFile(
        f"No column of {name} holds LinkedIn profile URLs. Its columns are: {listing(clean(top), len(hits))}. "
        "Name the right one with URL_COLUMN=… (--url-column)."
    )


def row_with(rows: Rows, title: str) -> int | None:
    """Return the first of the upper rows that holds a title."""
    wanted = folded(title)
    return next((place for place, row in enumerate(rows[:MAX_ABOVE]) if wanted in map(folded, row)), None)


def named_column(name: str, titles: Sequence[str], width: int, *, hits: list[int], file: str) -> int:
    """Return the column of this title, the fullest if there are several; or of this letter or number."""
    places = [place for place, title in enumerate(titles) if folded(title) == folded(name)]
    if places:
        return max(places, key=lambda place: (hits[place], -place))
    place = place_of(name)
    if place is not None and place < width:
        return place
    raise BadFile(f"{file} has no column {name!r}. Its columns are: {listing(titles, width)}.")


def _fullest(rows: Rows, hits: list[int], name: str) -> int:
    most = max(hits)
    rivals = [place for place, count in enumerate(hits) if 2 * count >= most]
    if len(rivals) > 1:
        header = best_header(rows_above(rows, rivals[0]))
        titles = clean(rows[header]) if header is not None else ()
        own = [place for place in rivals if place < len(titles) and not _OTHERS.search(titles[place])]
        rivals = own if len(own) == 1 else [place for place in rivals if not _repeats(rows, place, rivals)]
    if len(rivals) > 1:
        choices = " and ".join(
            f"{title or 'column'} ({letter(place)}, {hits[place]} of them)"
            for place, title in ((place, titles[place] if place < len(titles) else "") for place in rivals)
        )
        raise BadFile(
            f"Several columns of {name} hold LinkedIn profile URLs: {choices}. "
            f"Choose one of them, such as URL_COLUMN={letter(rivals[0])} (--url-column)."
        )
    return rivals[0]


def names_the_same(rows: Rows, place: int, other: int) -> bool:
    """Whether each profile of a column stands in another one as well."""
    return all(
        not is_profile(row[place])
        or (other < len(row) and is_profile(row[other]) and parse(row[place]).key == parse(row[other]).key)
        for row in rows
        if place < len(row)
    )


def _repeats(rows: Rows, place: int, rivals: Sequence[int]) -> bool:
    """Whether an earlier or fuller column names the same people, so that it does not matter which is taken."""
    return any(other < place and names_the_same(rows, place, other) for other in rivals)
