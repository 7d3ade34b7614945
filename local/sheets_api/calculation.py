"""Computing the formulas of a workbook and laying out what they spill.

The anchor of a block has the formula, its other cells show values and hold nothing. What is typed into one of them
breaks the block: the anchor shows `#REF!` until the cell is free again:
https://support.google.com/docs/answer/6208276. Formulas are computed when somebody looks, not at each change.
"""

from __future__ import annotations

from dataclasses import replace

from local.sheets_api.a1 import Area as CellArea
from local.sheets_api.a1 import letters, quote
from local.sheets_api.cells import Cell, CellError, Formula, Scalar, Spilled, value_of
from local.sheets_api.formula_nodes import NotComputed
from local.sheets_api.formula_values import Area, Array, FormulaError
from local.sheets_api.formulas import compiled, computed
from local.sheets_api.google_errors import GoogleError
from local.sheets_api.grid import Row, Sheet
from local.sheets_api.references import Reference
from local.sheets_api.workbook import Workbook

PASSES = 12
"""How often all formulas are computed at most until nothing changes: formulas that use each other need several."""

TOLD_CELLS = 50
"""How many cells that show something else are told one by one."""

Place = tuple[int, int]
_GONE = "Reference does not exist."


def calculate(workbook: Workbook) -> list[str]:
    """Bring every formula up to date, if anything has changed since the last time.

    Return the cells that show something else now, in A1 notation; where they are many, the sheets.
    """
    if not workbook.stale:
        return []
    workbook.stale = False
    found: dict[str, set[Place]] = {}
    for number in range(PASSES):
        areas: dict[tuple[int, CellArea], Area] = {}
        changed = 0
        for sheet in workbook.sheets:
            places = _compute_sheet(workbook, sheet, areas, backwards=number % 2 == 1)
            found.setdefault(sheet.title, set()).update(places)
            changed += len(places)
        if not changed:
            break
    return [told for title, places in found.items() for told in _in_a1(title, places)]


def _in_a1(title: str, places: set[Place]) -> list[str]:
    if len(places) > TOLD_CELLS:
        return [quote(title)]
    return [f"{quote(title)}!{letters(column)}{row + 1}" for row, column in sorted(places)]


def _compute_sheet(
    workbook: Workbook, sheet: Sheet, areas: dict[tuple[int, CellArea], Area], *, backwards: bool
) -> list[Place]:
    """Compute the formulas of one sheet and lay out its blocks; return the cells that show something else now.

    Going backwards as well settles formulas that use cells below them in two passes, however long their chain is.
    """
    anchors, spilled = _found(sheet)
    changed: list[Place] = []
    blocks: dict[Place, tuple[Formula, Array]] = {}
    for index, column, formula in reversed(anchors) if backwards else anchors:
        after, block = _computed(_Scope(workbook, sheet, (index, column), areas), formula)
        if block is not None:
            blocks[index, column] = (after, block)
        elif after is not formula and not _same(after, formula):
            sheet.writable(index).put(column, after)
            changed.append((index, column))
    for place, cell in _laid_out(sheet, blocks, spilled).items():
        before = sheet.rows[place[0]].cell(place[1])
        if not _same(before, cell):
            sheet.writable(place[0]).put(place[1], cell)
            changed.append(place)
    return changed


def _found(sheet: Sheet) -> tuple[list[tuple[int, int, Formula]], list[Place]]:
    """Return the formulas of a sheet, and the cells that were filled by them."""
    anchors: list[tuple[int, int, Formula]] = []
    spilled: list[Place] = []
    for index, row in enumerate(sheet.rows):
        if row.computed:
            for column, cell in enumerate(row.cells):
                if type(cell) is Formula:
                    anchors.append((index, column, cell))
                elif type(cell) is Spilled:
                    spilled.append((index, column))
    return anchors, spilled


def _same(before: Cell, after: Cell) -> bool:
    return before == after and type(value_of(before)) is type(value_of(after))


def _computed(scope: _Scope, formula: Formula) -> tuple[Formula, Array | None]:
    """Return the formula with its value now, and its block where it spills."""
    node = compiled(formula.text)
    if node is None:
        return _opaque(formula)
    try:
        value = computed(node, scope)
    except NotComputed:
        return _opaque(formula)
    if isinstance(value, Array) and value and value[0]:
        return replace(formula, value=value[0][0], link="", given=None), value
    shown = None if isinstance(value, Array) else value
    if formula.given is None and formula.link == scope.link and _same(formula.value, shown):
        return formula, None
    return replace(formula, value=shown, link=scope.link, given=None), None


def _opaque(formula: Formula) -> tuple[Formula, Array | None]:
    if formula.given is None:
        return formula, None
    block = Array([list(line) for line in formula.given])
    return replace(formula, value=block[0][0]), block


def _laid_out(sheet: Sheet, blocks: dict[Place, tuple[Formula, Array]], spilled: list[Place]) -> dict[Place, Cell]:
    """Return what blocks put into their anchors and beside them; one that has no room shows `#REF!` and no more.

    Cells that were filled by a block and are no longer, `spilled`, become empty.
    """
    wanted: dict[Place, Cell] = {}
    for (top, left), (formula, block) in sorted(blocks.items(), key=lambda item: item[0]):
        refusal = _refusal(sheet, (top, left), block, wanted)
        if refusal is not None:
            wanted[top, left] = replace(formula, value=refusal)
            continue
        wanted[top, left] = formula
        for row, line in enumerate(block, top):
            for column, value in enumerate(line, left):
                if (row, column) != (top, left):
                    wanted[row, column] = Spilled(value)
    return {**dict.fromkeys(spilled), **wanted}


def _refusal(sheet: Sheet, anchor: Place, block: Array, taken: dict[Place, Cell]) -> CellError | None:
    top, left = anchor
    missing = top + len(block) - len(sheet.rows)
    if missing > 0:
        return CellError("REF", f"Result was not automatically expanded, please insert more rows ({missing}).")
    missing = left + len(block[0]) - len(sheet.columns)
    if missing > 0:
        return CellError("REF", f"Result was not automatically expanded, please insert more columns ({missing}).")
    for row, line in enumerate(block, top):
        own = sheet.rows[row]
        for column in range(left, left + len(line)):
            if (row, column) != anchor and (_holds(own, column) or (row, column) in taken):
                place = f"{letters(column)}{row + 1}"
                return CellError("REF", f"Array result was not expanded because it would overwrite data in {place}.")
    return None


def _holds(row: Row, column: int) -> bool:
    cell = row.cell(column)
    return cell is not None and not isinstance(cell, Spilled)


class _Scope:
    """A formula's view of its workbook."""

    def __init__(self, workbook: Workbook, sheet: Sheet, place: Place, areas: dict[tuple[int, CellArea], Area]) -> None:
        self.workbook, self.sheet, self.areas = workbook, sheet, areas
        self.row, self.column = place
        self.link = ""

    def area(self, reference: Reference) -> Area:
        """Return the values of a reference, read once in each pass. Raises FormulaError, REF."""
        try:
            sheet = self.sheet if reference.sheet is None else self.workbook.sheet(reference.sheet)
        except GoogleError:
            raise FormulaError("REF", _GONE) from None
        first, last = reference.first, reference.last or reference.first
        top, left, bottom, right = first.row or 0, first.column or 0, last.row, last.column
        if top >= len(sheet.rows) or left >= len(sheet.columns):
            raise FormulaError("REF", _GONE)
        if bottom == top and right == left:  # one cell is not worth remembering
            return Area([[value_of(sheet.rows[top].cell(left))]], top, left)
        area = CellArea(top, left, None if bottom is None else bottom + 1, None if right is None else right + 1)
        return self._values(sheet, area)

    def _values(self, sheet: Sheet, area: CellArea) -> Area:
        if (known := self.areas.get((sheet.id, area))) is None:
            known = self.areas[sheet.id, area] = _values(sheet, area)
        return known

    def named(self, name: str) -> Area:
        """Return the values of a named range. Raises FormulaError, NAME, where there is none."""
        for named in self.workbook.named_ranges:
            if named["name"].casefold() == name.casefold():
                sheet, box = self.workbook.grid_range(named["range"])
                return self._values(sheet, CellArea(box.top, box.left, box.bottom, box.right))
        raise FormulaError("NAME", f"Unknown range name: '{name.upper()}'.")


def _values(sheet: Sheet, area: CellArea) -> Area:
    top, bottom = sorted((area.top, (len(sheet.rows) if area.bottom is None else area.bottom) - 1))
    left, right = sorted((area.left, (len(sheet.columns) if area.right is None else area.right) - 1))
    lines: list[list[Scalar | None]] = []
    for row in sheet.rows[top : bottom + 1]:
        cells: list[Cell] = row.cells[left : right + 1]
        line = [value_of(cell) if isinstance(cell, (Formula, Spilled)) else cell for cell in cells]
        lines.append([*line, *[None] * (min(right + 1, len(sheet.columns)) - left - len(line))])
    return Area(lines, top, left)
