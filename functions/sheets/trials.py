"""Trials of the assumptions about Google Sheets, each with as few calls as possible, in a temporary tab.

`functions.sheets.assumptions` explains their results to people.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from functions.errors import BadRange, Forbidden, LeadfillError, SheetBusy, SheetGone
from functions.fields.catalogue import CATALOGUE
from functions.sheets.anchors import anchored_at, column_at, proof_of_edit, the_anchor, unmoved
from functions.sheets.assumptions import Assumption, Finding, Verdict
from functions.sheets.client import GoogleSheet
from functions.sheets.grid import RowBlock, Tab
from functions.sheets.insertion import insertion
from functions.sheets.tab_reader import NOTHING
from functions.sheets.temporary_tab import new_id
from functions.sheets.transport import ColumnGone, Protected

ROWS, COLUMNS = 8, 26
NO_TIME = "there was no time left for it; check again in a while."
BUSY = "Google Sheets was busy or did not answer; check again in a while."

_STAYS, _MOVED, _SORTED, _SPILL, _LINKS, _CHIP, _STRICT, _TWICE, _AGAIN = range(9)
_TABLE, _FILTER, _BANDING = 10, 14, 18
"""The first of three columns each."""
_TYPED = _TABLE + 1
_ANCHORED = (_STAYS, _MOVED, _SORTED, _STRICT, _TWICE, _AGAIN, _TYPED)
_ONE, _OTHER = "https://example.com/one", "https://example.com/other"
_COLOURS = {"firstBandColor": {"red": 1.0, "green": 1.0, "blue": 1.0}, "secondBandColor": {"red": 0.9}}
_EMAIL, _TITLE = (next(field for field in CATALOGUE if field.name == name) for name in ("email", "title"))

Json = dict[str, Any]
Findings = Iterator[Finding]


@dataclass(slots=True)
class Bench:
    """A temporary tab, and the anchors of its columns."""

    sheet: GoogleSheet
    sheet_id: int
    anchors: Mapping[int, int] = field(default_factory=lambda: {column: new_id() for column in _ANCHORED})
    """Column, where it was at first → its anchor."""
    inserted: dict[int, int] = field(default_factory=dict)
    """First column of a block → the anchor of the column that was inserted into it."""

    def contents(self) -> list[Json]:
        """Requests that fill the tab."""
        titles = ["Stays", "Moved", "Sorted", "Spill", "Links", "Chip", "Strict", "Twice", "Again"]
        formula = {"userEnteredValue": {"formulaValue": "=SEQUENCE(3)"}}
        rows = [[_text(title) for title in titles]]
        rows += [[_text("stays"), _text("moved"), _text(text)] for text in "cab"]
        rows[1].append(formula)
        cells = {"start": self.corner(0, 0), "rows": [{"values": row} for row in rows], "fields": "userEnteredValue"}
        listed = {"type": "ONE_OF_LIST", "values": [{"userEnteredValue": "listed"}]}
        rule = {"range": self.area(_STRICT, _STRICT + 1, 1), "rule": {"condition": listed, "strict": True}}
        anchors = [
            anchored_at(anchor, self.sheet_id, place) for place, anchor in self.anchors.items() if place != _TYPED
        ]
        return [{"updateCells": cells}, {"setDataValidation": rule}, *anchors]

    def corner(self, row: int, column: int) -> Json:
        """Google's GridCoordinate."""
        return {"sheetId": self.sheet_id, "rowIndex": row, "columnIndex": column}

    def area(self, left: int, right: int, top: int = 0) -> Json:
        """Google's GridRange, to the sixth row."""
        rows = {"startRowIndex": top, "endRowIndex": 6}
        return {"sheetId": self.sheet_id, **rows, "startColumnIndex": left, "endColumnIndex": right}

    def refusal(self, requests: Sequence[Json], *, also: type[LeadfillError] = Protected) -> str:
        """Google's sentence where it refuses these requests; empty where it takes them."""
        return _refusal(lambda: self.sheet.change(requests), also)

    def refusal_of_text(self, column: int) -> str:
        """Google's sentence where it refuses a text in the second row of a column; empty where it takes it."""
        return _refusal(lambda: self.sheet.write({self.anchors[column]: {2: "some text"}}, NOTHING))


def _refusal(call: Callable[[], object], also: type[LeadfillError] = Protected) -> str:
    try:
        call()
    except (BadRange, also) as error:
        return str(error)
    return ""


def _text(text: str) -> Json:
    return {"userEnteredValue": {"stringValue": text}}


def _found(assumption: Assumption, *, holds: bool, seen: str = "") -> Finding:
    return Finding(assumption, Verdict.HOLDS if holds else Verdict.DOES_NOT_HOLD, seen)


def reads(bench: Bench) -> Findings:
    """Values through an anchor; links, chips and a formula that spills; all of it read as a run reads."""
    stays = bench.anchors[_STAYS]
    unwritten = _refusal(lambda: bench.sheet.write({stays: {3: "=1+1"}}, NOTHING))
    runs = [
        {"startIndex": 0, "format": {"link": {"uri": _ONE}}},
        {"startIndex": 4, "format": {"link": {"uri": _OTHER}}},
    ]
    linked = {"rows": [{"values": [_text("One other") | {"textFormatRuns": runs}]}]}
    fields = "userEnteredValue,textFormatRuns"
    no_links = bench.refusal([{"updateCells": {"start": bench.corner(1, _LINKS), **linked, "fields": fields}}])
    address = f"https://docs.google.com/spreadsheets/d/{bench.sheet.spreadsheet_id}/edit"
    chip = {"chip": {"richLinkProperties": {"uri": address}}}
    chipped = {"rows": [{"values": [_text("@") | {"chipRuns": [chip]}]}], "fields": "userEnteredValue,chipRuns"}
    # Google may ask for the right to see the file that a chip names, which Leadfill does not have.
    no_chip = bench.refusal([{"updateCells": {"start": bench.corner(1, _CHIP), **chipped}}], also=Forbidden)
    block = bench.sheet.read_rows(bench.sheet_id, 1, 5, columns=range(_AGAIN + 1))
    wanted = {bench.anchors[column]: column for column in (_STAYS, _MOVED, _SORTED)}
    yield _found(Assumption.ANCHORS, holds=wanted.items() <= block.anchors.items())
    kept = [block.content(row, _STAYS) for row in range(4)] == ["Stays", "stays", "=1+1", "stays"]
    yield _unless(unwritten, Assumption.NULLS, holds=kept)
    first, *others = (block.text(row, _SPILL) for row in (1, 2, 3))
    uncalculated = "" if first == "1" else "the formula that was to be seen was not calculated; check again."
    yield _unless(uncalculated, Assumption.SPILLS, holds=others == ["2", "3"])
    yield _unless(no_links, Assumption.LINKS, holds={_ONE, _OTHER} <= set(block.links(1, _LINKS)))
    yield _unless(no_chip, Assumption.CHIPS, holds=address in block.links(1, _CHIP))


def _unless(refused: str, assumption: Assumption, *, holds: bool) -> Finding:
    """Return the verdict, unless Google refused what had to be there for it."""
    return Finding(assumption, Verdict.NOT_TRIED, refused) if refused else _found(assumption, holds=holds)


def writes_into_nothing(bench: Bench) -> Findings:
    """A write through an anchor that is nowhere."""
    try:
        bench.sheet.write({new_id(): {2: "nowhere"}}, NOTHING)
    except ColumnGone:
        yield _found(Assumption.GONE, holds=True)
    except BadRange as error:
        yield _found(Assumption.GONE, holds=False, seen=str(error))


def takes_an_id_twice(bench: Bench) -> Findings:
    """Two anchors of one id."""
    again = anchored_at(bench.anchors[_TWICE], bench.sheet_id, _AGAIN)
    yield _found(Assumption.TAKEN, holds=bool(bench.refusal([again])))


def uses_an_id_again(bench: Bench) -> Findings:
    """An anchor that is deleted and created in one batch, as the proof of a large write does it."""
    tab = RowBlock(Tab(bench.sheet_id, "", ROWS, COLUMNS), 1, {}, ())
    refused = bench.refusal(unmoved({bench.anchors[_AGAIN]: _AGAIN}, tab))
    yield _found(Assumption.FREED, holds=not refused, seen=refused)


def deletes_nothing(bench: Bench) -> Findings:
    """A delete that selects no anchor."""
    refused = bench.refusal([{"deleteDeveloperMetadata": {"dataFilter": the_anchor(new_id())}}])
    yield _found(Assumption.NOTHING, holds=not refused, seen=refused)


def proves_without_a_trace(bench: Bench) -> Findings:
    """The proof of edit rights, and what it leaves."""
    create, delete = proof_of_edit()
    bench.sheet.change([create, delete])
    left = bench.sheet.finds_metadata(delete["deleteDeveloperMetadata"]["dataFilter"]["developerMetadataLookup"])
    if left:
        bench.sheet.change([delete])
    yield _found(Assumption.PROOF, holds=not left)


def writes_into_a_dropdown(bench: Bench) -> Findings:
    """A text into a column with a strict dropdown."""
    refused = bench.refusal_of_text(_STRICT)
    yield _found(Assumption.STRICT, holds=not refused, seen=refused)


def inserts_into_a_table(bench: Bench) -> Findings:
    """A text into a column of numbers of a table; columns into and beside it."""
    titles = {"start": bench.corner(0, _TABLE), "fields": "userEnteredValue"}
    rows = [{"values": [_text(_EMAIL.header), _text("Number"), _text("Note")]}]
    typed = [{"columnIndex": 1, "columnType": "DOUBLE"}]
    table = {"name": f"Leadfill_check_{bench.sheet_id}", "range": bench.area(_TABLE, _TABLE + 3)}
    made = bench.refusal(
        [
            {"updateCells": {**titles, "rows": rows}},
            anchored_at(bench.anchors[_TYPED], bench.sheet_id, _TYPED),
            {"addTable": {"table": table | {"columnProperties": typed}}},
        ]
    )
    if made:
        yield Finding(Assumption.TYPED, Verdict.NOT_TRIED, made)
        yield Finding(Assumption.TABLE, Verdict.NOT_TRIED, made)
        return
    refused = bench.refusal_of_text(_TYPED)
    yield _found(Assumption.TYPED, holds=not refused, seen=refused)
    yield _inserted(bench, Assumption.TABLE, _TABLE)


def inserts_into_a_filter(bench: Bench) -> Findings:
    """Columns into and beside a filter."""
    made = bench.refusal([{"setBasicFilter": {"filter": {"range": bench.area(_FILTER, _FILTER + 3)}}}])
    yield Finding(Assumption.FILTER, Verdict.NOT_TRIED, made) if made else _inserted(bench, Assumption.FILTER, _FILTER)


def inserts_into_colours(bench: Bench) -> Findings:
    """Columns into and beside alternating colours."""
    banding = {"range": bench.area(_BANDING, _BANDING + 3), "rowProperties": _COLOURS}
    made = bench.refusal([{"addBanding": {"bandedRange": banding}}])
    if made:
        yield Finding(Assumption.BANDING, Verdict.NOT_TRIED, made)
    else:
        yield _inserted(bench, Assumption.BANDING, _BANDING)


def _inserted(bench: Bench, assumption: Assumption, left: int) -> Finding:
    """Insert a column right of three, and one behind the first of them, as a run does it."""
    within = new_id()
    requests = [
        request
        for new, place in (((new_id(), _TITLE), left + 3), ((within, _EMAIL), left + 1))
        for request in insertion([new], place, sheet_id=bench.sheet_id, tab_columns=COLUMNS, header_row=1)
    ]
    refused = bench.refusal(requests)
    if not refused:
        bench.inserted[left] = within
    return _found(assumption, holds=not refused, seen=refused)


def follows_columns(bench: Bench) -> Findings:
    """A sort, a move and an insert; where the anchors are then, and what a new column in the table is called."""
    cells = bench.area(0, _SORTED + 1, 1) | {"endRowIndex": 4}
    by = [{"dimensionIndex": _SORTED, "sortOrder": "ASCENDING"}]
    changes: list[Json] = [
        {"sortRange": {"range": cells, "sortSpecs": by}},
        {"moveDimension": {"source": column_at(bench.sheet_id, _MOVED), "destinationIndex": 0}},
        {"insertDimension": {"range": column_at(bench.sheet_id, 0), "inheritFromBefore": False}},
    ]
    refused = bench.refusal(changes)
    block = bench.sheet.read_rows(bench.sheet_id, 1, 5)
    header = _title_in_the_table(bench, block)
    if refused or not block.anchors:
        reason = refused or "the marks were not told."
        yield Finding(Assumption.FOLLOWED, Verdict.NOT_TRIED, reason)
    else:
        lost = list(_not_followed(bench, block))
        yield _found(Assumption.FOLLOWED, holds=not lost, seen=f"(After {', '.join(lost)}.)" if lost else "")
    if header is None:
        yield Finding(Assumption.HEADER, Verdict.NOT_TRIED, "there was no new column in a table.")
    else:
        kept = header == _EMAIL.header
        yield _found(Assumption.HEADER, holds=kept, seen="" if kept else f"(“{header}” in place of “{_EMAIL.header}”.)")


def _not_followed(bench: Bench, block: RowBlock) -> Iterator[str]:
    if block.anchors.get(bench.anchors[_MOVED]) != 1:
        yield "a move"
    place = block.anchors.get(bench.anchors[_SORTED])
    if place != _SORTED + 1:
        yield "an insert"
    elif [block.text(row, place) for row in (1, 2, 3)] != ["a", "b", "c"]:
        yield "a sort"


def _title_in_the_table(bench: Bench, block: RowBlock) -> str | None:
    place = block.anchors.get(bench.inserted.get(_TABLE, 0))
    return None if place is None else block.text(0, place)


Trial = Callable[[Bench], Findings]

TRIALS: tuple[tuple[Trial, tuple[Assumption, ...]], ...] = (
    (
        reads,
        (Assumption.ANCHORS, Assumption.NULLS, Assumption.SPILLS, Assumption.LINKS, Assumption.CHIPS),
    ),
    (proves_without_a_trace, (Assumption.PROOF,)),
    (writes_into_nothing, (Assumption.GONE,)),
    (takes_an_id_twice, (Assumption.TAKEN,)),
    (uses_an_id_again, (Assumption.FREED,)),
    (deletes_nothing, (Assumption.NOTHING,)),
    (writes_into_a_dropdown, (Assumption.STRICT,)),
    (inserts_into_colours, (Assumption.BANDING,)),
    (inserts_into_a_filter, (Assumption.FILTER,)),
    (inserts_into_a_table, (Assumption.TYPED, Assumption.TABLE)),
    (follows_columns, (Assumption.FOLLOWED, Assumption.HEADER)),
)
"""In this order: what stands right of a block is not moved by what is inserted into the block."""


def carry_out(
    trials: Sequence[tuple[Trial, tuple[Assumption, ...]]], bench: Bench, is_over: Callable[[], bool]
) -> Iterator[Finding]:
    """Carry out trials one after the other; one that cannot be tried does not stop the others.

    Args:
        trials: each with what it is about.
        bench: where.
        is_over: tells whether the time is over.
    """
    for trial, about in trials:
        told: list[Finding] = []
        reason = NO_TIME
        try:
            if not is_over():
                told += trial(bench)
        except SheetGone:
            reason = "the temporary tab was deleted meanwhile; check again."
        except SheetBusy:
            reason = BUSY
        except LeadfillError as error:
            reason = str(error)
        yield from told
        known = {finding.assumption for finding in told}
        yield from (Finding(each, Verdict.NOT_TRIED, reason) for each in about if each not in known)
