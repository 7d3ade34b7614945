// @ts-check
/**
 * The grid. It draws the rows that are in sight, so that a hundred thousand scroll like a hundred, and holds no values:
 * what a cell shows is asked for when it is drawn.
 */
import { columnLetters } from "/standins/a1.js";
import { Editor } from "./editor.js";
import { moveEntries, movedBox, movedIndex } from "./lines.js";

/** @typedef {import("./lines.js").Box} Box from 0, ends included */
/** @typedef {import("./lines.js").LineChange} LineChange */

const LEAST_COLUMNS = 12;
const LEAST_ROWS = 60;
const SPARE_ROWS = 40;
const LEAST_WIDTH = 96;
/** Google's; a list looks better with columns that are measured. */
const DEFAULT_WIDTH = 100;
const MOST_WIDTH = 230;
const ROW_HEIGHT = 22;
const NUMBERS_WIDTH = 56;
const OUT_OF_SIGHT = 12;

export class Grid {
  /**
   * @param {HTMLElement} element
   * @param {import("./book.js").Book} book
   * @param {{ shown(row: number, column: number): string, selected(box: Box): void, typed(cells: { row: number, column: number, text: string }[]): void }} told
   */
  constructor(element, book, told) {
    this.element = element;
    this.book = book;
    this.told = told;
    this.rows = 0;
    this.columns = 0;
    /** @type {Box} */
    this.selection = { row: 0, column: 0, lastRow: 0, lastColumn: 0 };
    /** Where the selection began, and where its other corner is. */
    this.anchor = { row: 0, column: 0 };
    this.end = { row: 0, column: 0 };
    /** Rows that a script selected, from 0. @type {Set<number>} */
    this.picked = new Set();
    /** Of columns as they are drawn. @type {number[]} */
    this.widths = [];
    /** Of columns that somebody made wider here. @type {number[]} */
    this.byHand = [];
    /** @type {Map<number, HTMLElement>} */
    this.drawn = new Map();
    this.head = part("div", { className: "grid-head", role: "rowgroup" });
    this.letters = part("div", { className: "grid-row letters", role: "row" });
    this.pinnedRows = part("div", { className: "pinned" });
    this.body = part("div", { className: "grid-body", role: "rowgroup" });
    this.head.append(this.letters, this.pinnedRows);
    this.pinnedRows.setAttribute("role", "presentation");
    this.editor = new Editor(this);
    this.body.append(this.editor.input);
    element.append(this.head, this.body);
    element.addEventListener("scroll", () => this.render(), { passive: true });
    new ResizeObserver(() => this.render()).observe(element);
  }

  /** Rows that stay in sight. Files have their titles in the first row, and nobody freezes it for them. */
  get pinned() {
    return Math.min(this.book.sheet.properties.gridProperties.frozenRowCount || 1, 5);
  }

  size() {
    const { rows, columns } = this.book.extent();
    const { rowCount, columnCount } = this.book.sheet.properties.gridProperties;
    return {
      rows: Math.min(Math.max(rows + SPARE_ROWS, LEAST_ROWS), Math.max(rowCount, rows)),
      columns: Math.min(Math.max(columns + 3, LEAST_COLUMNS), Math.max(columnCount, columns)),
    };
  }

  /** Whether the sheet has more rows or columns than are drawn. */
  isOutgrown() {
    const { rows, columns } = this.book.extent();
    return rows > this.rows || columns > this.columns;
  }

  /** Another tab or file: from its beginning. */
  open() {
    [this.widths, this.byHand] = [[], []];
    this.picked = new Set();
    this.editor.cancel();
    this.element.scrollTo(0, 0);
    this.drawAll();
  }

  /** Draws all that is in sight anew; scroll, selection and the cell that is typed into stay. */
  drawAll() {
    ({ rows: this.rows, columns: this.columns } = this.size());
    for (let column = 0; column < this.columns; column++) this.widths[column] = this.byHand[column] || this.given(column) || this.widths[column] || this.measured(column);
    this.element.style.setProperty("--columns", [NUMBERS_WIDTH, ...this.widths.slice(0, this.columns)].map((width) => `${width}px`).join(" "));
    this.element.setAttribute("aria-rowcount", String(this.rows));
    this.element.setAttribute("aria-colcount", String(this.columns));
    this.body.style.height = `${(this.rows - this.pinned) * ROW_HEIGHT}px`;
    this.body.style.width = this.head.style.width = `${this.left(this.columns)}px`;
    this.letters.replaceChildren(part("span", { className: "corner" }), ...Array.from({ length: this.columns }, (_, column) => this.letter(column)));
    for (const line of this.drawn.values()) line.remove();
    this.drawn.clear();
    this.render();
    this.editor.place();
  }

  /** Draws rows that came into sight, and drops those that left. */
  render() {
    const { scrollTop, clientHeight } = this.element;
    const first = Math.max(this.pinned, this.pinned + Math.floor(scrollTop / ROW_HEIGHT) - OUT_OF_SIGHT);
    const last = Math.min(this.rows - 1, this.pinned + Math.ceil((scrollTop + clientHeight) / ROW_HEIGHT) + OUT_OF_SIGHT);
    for (const [row, line] of this.drawn) {
      if (row < this.pinned || (row >= first && row <= last)) continue;
      line.remove();
      this.drawn.delete(row);
    }
    for (let row = 0; row < Math.min(this.pinned, this.rows); row++) this.drawRow(row, this.pinnedRows);
    for (let row = first; row <= last; row++) this.drawRow(row, this.body);
    this.point();
  }

  /** @param {number} row @param {HTMLElement} parent */
  drawRow(row, parent) {
    if (this.drawn.has(row)) return;
    const line = part("div", { className: "grid-row", role: "row" });
    line.setAttribute("aria-rowindex", String(row + 1));
    if (parent === this.body) line.style.top = `${(row - this.pinned) * ROW_HEIGHT}px`;
    const number = part("span", { className: "number", role: "rowheader", textContent: String(row + 1) });
    number.dataset.row = String(row);
    const cells = Array.from({ length: this.columns }, (_, column) => {
      const cell = part("span", { className: "cell", role: "gridcell", id: `cell-${row}-${column}` });
      [cell.dataset.x, cell.dataset.y] = [String(column), String(row)];
      cell.setAttribute("aria-colindex", String(column + 1));
      return cell;
    });
    line.append(number, ...cells);
    this.drawn.set(row, line);
    cells.forEach((cell, column) => this.drawIn(cell, row, column));
    parent.append(line);
  }

  /** @param {number} column */
  letter(column) {
    const made = part("span", { className: "letter", role: "columnheader", textContent: columnLetters(column + 1) });
    made.dataset.column = String(column);
    const edge = part("span", { className: "edge" });
    edge.dataset.edge = String(column);
    made.append(edge);
    return made;
  }

  /** @param {number} column @returns {number} the width that the spreadsheet gives it; 0 where that is any column's */
  given(column) {
    const pixels = this.book.sheet.widths[column] ?? 0;
    return pixels === DEFAULT_WIDTH ? 0 : pixels;
  }

  /** @param {number} column */
  measured(column) {
    const longest = this.book.sheet.shown.slice(0, 60).reduce((most, row) => Math.max(most, String(row?.[column] ?? "").length), 0);
    return Math.min(Math.max(longest * 7 + 18, LEAST_WIDTH), MOST_WIDTH);
  }

  /** @param {number} column @param {number} pixels */
  setWidth(column, pixels) {
    this.byHand[column] = Math.max(pixels, 24);
    this.drawAll();
  }

  /** @param {HTMLElement} cell @param {number} row @param {number} column */
  drawIn(cell, row, column) {
    const text = this.told.shown(row, column);
    if (cell.textContent !== text) cell.textContent = text;
    if (text.length * 7 > this.widths[column]) cell.title = text;
    else cell.removeAttribute("title");
    cell.classList.toggle("waiting", text === "Loading…");
    cell.classList.toggle("wrong", isWrong(text));
    cell.classList.toggle("heading", row === 0 && text !== "");
    cell.classList.toggle("picked", this.picked.has(row));
  }

  /** @param {number} row @param {number} column */
  draw(row, column) {
    const cell = this.cell(row, column);
    if (cell) this.drawIn(cell, row, column);
  }

  /** @param {number} row @param {number} column @returns {HTMLElement | null} null: out of sight */
  cell(row, column) {
    const cell = column < this.columns ? this.drawn.get(row)?.children[column + 1] : null;
    return cell instanceof HTMLElement ? cell : null;
  }

  /** Marks the selection in what is drawn. */
  point() {
    const { row, column, lastRow, lastColumn } = this.selection;
    for (const [r, line] of this.drawn) {
      const isIn = r >= row && r <= lastRow;
      line.children[0].classList.toggle("here", isIn);
      for (let c = 0; c < this.columns; c++) {
        const cell = line.children[c + 1];
        const isSelected = isIn && c >= column && c <= lastColumn;
        if (isSelected !== cell.classList.contains("selected")) cell.classList.toggle("selected", isSelected);
        cell.setAttribute("aria-selected", String(isSelected));
        cell.classList.toggle("active", r === this.anchor.row && c === this.anchor.column);
      }
    }
    [...this.letters.children].slice(1).forEach((letter, c) => letter.classList.toggle("here", c >= column && c <= lastColumn));
    const active = this.cell(this.anchor.row, this.anchor.column);
    if (active) this.element.setAttribute("aria-activedescendant", active.id);
    else this.element.removeAttribute("aria-activedescendant");
  }

  /** @param {{ row: number, column: number }} from @param {{ row: number, column: number }} [to] */
  select(from, to = from) {
    [this.anchor, this.end] = [from, to];
    this.selection = {
      row: Math.min(from.row, to.row),
      column: Math.min(from.column, to.column),
      lastRow: Math.max(from.row, to.row),
      lastColumn: Math.max(from.column, to.column),
    };
    if (this.picked.size > 0) this.pick([]);
    this.point();
    this.told.selected(this.selection);
  }

  /** @param {number} rows @param {number} columns @param {boolean} [extends_] whether the selection grows */
  step(rows, columns, extends_ = false) {
    const from = extends_ ? this.end : this.anchor;
    const to = {
      row: Math.min(Math.max(from.row + rows, 0), this.rows - 1),
      column: Math.min(Math.max(from.column + columns, 0), this.columns - 1),
    };
    this.select(extends_ ? this.anchor : to, to);
    this.reveal(to.row, to.column);
  }

  /** @param {Box[]} boxes the first is scrolled to and selected, the rows of all are marked where there are several */
  go(boxes) {
    const [first] = boxes;
    if (!first) return;
    this.select(first, { row: Math.min(first.lastRow, this.rows - 1), column: Math.min(first.lastColumn, this.columns - 1) });
    this.reveal(first.row, first.column);
    if (boxes.length > 1) this.pick(boxes.flatMap((box) => Array.from({ length: box.lastRow - box.row + 1 }, (_, i) => box.row + i)));
  }

  /** @returns {Box[]} what is selected: several pieces where a script has selected rows that lie apart */
  get pieces() {
    if (this.picked.size === 0) return [this.selection];
    const { column, lastColumn } = this.selection;
    /** @type {Box[]} */
    const pieces = [];
    for (const row of [...this.picked].sort((a, b) => a - b)) {
      const last = pieces.at(-1);
      if (last?.lastRow === row - 1) last.lastRow = row;
      else pieces.push({ row, column, lastRow: row, lastColumn });
    }
    return pieces;
  }

  /** @param {number} column @returns {string[]} what its cells show, also those out of sight */
  shownIn(column) {
    return Array.from({ length: this.rows }, (_, row) => this.told.shown(row, column));
  }

  /** @param {number[]} rows */
  pick(rows) {
    this.picked = new Set(rows);
    for (const [row, line] of this.drawn) for (const cell of line.querySelectorAll(".cell")) cell.classList.toggle("picked", this.picked.has(row));
  }

  /** Scrolls until a cell is in sight. @param {number} row @param {number} column */
  reveal(row, column) {
    const { element } = this;
    const [top, left] = [(row - this.pinned) * ROW_HEIGHT, this.left(column)];
    const height = element.clientHeight - this.head.offsetHeight;
    if (row >= this.pinned) {
      if (top < element.scrollTop) element.scrollTop = top;
      if (top + ROW_HEIGHT > element.scrollTop + height) element.scrollTop = top + ROW_HEIGHT - height;
    }
    if (left - NUMBERS_WIDTH < element.scrollLeft) element.scrollLeft = left - NUMBERS_WIDTH;
    const right = left + this.widths[column];
    if (right > element.scrollLeft + element.clientWidth) element.scrollLeft = right - element.clientWidth;
    this.render();
  }

  /** @param {number} column @returns {number} pixels from the left of the grid */
  left(column) {
    return this.widths.slice(0, column).reduce((sum, width) => sum + width, NUMBERS_WIDTH);
  }

  /** @param {number} row @param {number} column */
  boxOf(row, column) {
    const isPinned = row < this.pinned;
    const top = (isPinned ? row : row - this.pinned) * ROW_HEIGHT;
    return { left: this.left(column), top, width: this.widths[column], parent: isPinned ? this.pinnedRows : this.body };
  }

  /** @param {number} row @param {number} column */
  nameOf(row, column) {
    return a1Of({ row, column, lastRow: row, lastColumn: column });
  }

  focus() {
    this.element.focus({ preventScroll: true });
  }

  /** Rows or columns came, went or moved: the same cells stay selected, in sight, and typed into. @param {LineChange} change */
  follow(change) {
    this.editor.follow(change);
    const box = movedBox(change, this.selection);
    [this.anchor, this.end] = [{ row: box.row, column: box.column }, { row: box.lastRow, column: box.lastColumn }];
    this.selection = box;
    if (change.dimension === "COLUMNS") for (const widths of [this.widths, this.byHand]) moveEntries(widths, change, () => 0);
    else this.followRows(change);
  }

  /** @param {LineChange} change */
  followRows(change) {
    this.picked = new Set([...this.picked].flatMap((row) => movedIndex(change, row) ?? []));
    const top = this.pinned + Math.floor(this.element.scrollTop / ROW_HEIGHT);
    const now = movedIndex(change, top);
    if (now !== null && top > this.pinned) this.element.scrollTop += (now - top) * ROW_HEIGHT;
  }

  /** Copies the first row of the selection down to its end, formulas moved along. @returns {{ row: number, column: number, text: string }[]} */
  filledDown() {
    const { row, column, lastRow, lastColumn } = this.selection;
    const cells = [];
    for (let c = column; c <= lastColumn; c++) {
      const text = this.book.text(row, c);
      for (let r = row + 1; r <= lastRow; r++) cells.push({ row: r, column: c, text: text.startsWith("=") ? movedDown(text, r - row) : text });
    }
    return cells;
  }
}

/** @param {string} text @returns {boolean} whether a cell shows that something went wrong */
export function isWrong(text) {
  return /^(#(REF!|ERROR!|NAME\?|VALUE!|N\/A|DIV\/0!|NUM!|NULL!)|⚠ )/.test(text);
}

/** @param {string} tag @param {Record<string, string>} properties */
function part(tag, { role, ...properties }) {
  const made = Object.assign(document.createElement(tag), properties);
  if (role) made.setAttribute("role", role);
  return made;
}

/**
 * @param {string} formula
 * @param {number} rows
 * @returns {string} its relative references moved; what stands in quotes stays
 */
export function movedDown(formula, rows) {
  return formula
    .split(/("(?:[^"]|"")*")/)
    .map((part, i) =>
      i % 2 === 1
        ? part
        : part.replace(/(?<![A-Za-z0-9_$])(\$?[A-Z]{1,3})(\$?)([1-9]\d*)(?![A-Za-z0-9_(])/gi, (whole, letters, fixed, row) =>
            fixed ? whole : `${letters}${Number(row) + rows}`,
          ),
    )
    .join("");
}

/** @param {Box} box @returns {string} */
export function a1Of({ row, column, lastRow, lastColumn }) {
  const from = `${columnLetters(column + 1)}${row + 1}`;
  const to = `${columnLetters(lastColumn + 1)}${lastRow + 1}`;
  return from === to ? from : `${from}:${to}`;
}
