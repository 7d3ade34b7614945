// @ts-check
/** The grid: jspreadsheet over the book. Its data is what was typed; what a cell shows is drawn over it. */
import { columnLetters } from "/standins/a1.js";

/** @typedef {{ row: number, column: number, lastRow: number, lastColumn: number }} Box from 0, ends included */

const LEAST_COLUMNS = 12;
const LEAST_ROWS = 60;
const SPARE_ROWS = 40;
const MOST_WIDTH = 230;

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
    /** @type {any} */
    this.sheet = null;
    this.rows = 0;
    this.columns = 0;
    /** @type {Box} */
    this.selection = { row: 0, column: 0, lastRow: 0, lastColumn: 0 };
    /** Rows that a script selected, from 0. @type {Set<number>} */
    this.picked = new Set();
    /** @type {{ row: number, column: number, text: string }[]} */
    this.pending = [];
    new ResizeObserver(() => this.fit()).observe(element);
  }

  size() {
    const { rows, columns } = this.book.extent();
    const { rowCount, columnCount } = this.book.sheet.properties.gridProperties;
    return {
      rows: Math.min(Math.max(rows + SPARE_ROWS, LEAST_ROWS), Math.max(rowCount, rows)),
      columns: Math.min(Math.max(columns + 3, LEAST_COLUMNS), Math.max(columnCount, columns)),
    };
  }

  /** Whether the sheet has outgrown the grid. */
  isTooSmall() {
    const { rows, columns } = this.book.extent();
    return !this.sheet || rows > this.rows || columns > this.columns;
  }

  build() {
    const { rows, columns } = this.size();
    [this.rows, this.columns] = [rows, columns];
    const top = this.content()?.scrollTop ?? 0;
    if (this.sheet) window.jspreadsheet.destroy(/** @type {any} */ (this.element));
    this.element.replaceChildren();
    const data = Array.from({ length: rows }, (_, r) => Array.from({ length: columns }, (_, c) => this.book.text(r, c)));
    const render = (/** @type {any} */ cell, /** @type {any} */ _, /** @type {any} */ x, /** @type {any} */ y) =>
      cell && this.drawIn(cell, Number(y), Number(x));
    const sheets = window.jspreadsheet(/** @type {HTMLDivElement} */ (this.element), {
      parseFormulas: false,
      autoIncrement: false,
      contextMenu: () => null,
      onchange: (/** @type {any} */ _sheet, /** @type {any} */ _cell, /** @type {any} */ x, /** @type {any} */ y, /** @type {any} */ text) =>
        this.changed(Number(y), Number(x), String(text ?? "")),
      onselection: (/** @type {any} */ _sheet, /** @type {any} */ x1, /** @type {any} */ y1, /** @type {any} */ x2, /** @type {any} */ y2) =>
        this.select({ row: Number(y1), column: Number(x1), lastRow: Number(y2), lastColumn: Number(x2) }),
      worksheets: [
        {
          data,
          columns: Array.from({ length: columns }, (_, c) => ({ type: "text", width: this.width(c), align: "left", render })),
          lazyLoading: true,
          tableOverflow: true,
          tableWidth: `${this.element.clientWidth}px`,
          tableHeight: `${this.element.clientHeight}px`,
          ...Object.fromEntries(
            "columnSorting columnDrag rowDrag columnResize rowResize allowInsertRow allowInsertColumn allowManualInsertRow allowManualInsertColumn allowDeleteRow allowDeleteColumn allowRenameColumn allowComments"
              .split(" ")
              .map((name) => [name, name === "columnResize"]),
          ),
        },
      ],
    });
    this.sheet = sheets[0];
    this.fit();
    const content = this.content();
    if (content) content.tabIndex = 0;
    if (content) content.scrollTop = top;
  }

  /** @returns {HTMLElement | null} what scrolls */
  content() {
    return this.element.querySelector(".jss_content");
  }

  fit() {
    const content = this.content();
    if (!content) return;
    for (const side of /** @type {const} */ (["width", "height"])) {
      const pixels = `${side === "width" ? this.element.clientWidth : this.element.clientHeight}px`;
      content.style[side] = content.style[side === "width" ? "maxWidth" : "maxHeight"] = pixels;
    }
  }

  /** @param {number} column */
  width(column) {
    const longest = this.book.sheet.shown.slice(0, 60).reduce((most, row) => Math.max(most, String(row?.[column] ?? "").length), 0);
    return Math.min(Math.max(longest * 7 + 18, 96), MOST_WIDTH);
  }

  /** @param {HTMLElement} cell @param {number} row @param {number} column */
  drawIn(cell, row, column) {
    if (cell.classList.contains("editor")) return;
    const text = this.told.shown(row, column);
    if (cell.textContent !== text || cell.childElementCount > 0) cell.textContent = text;
    cell.classList.toggle("waiting", text === "Loading…");
    cell.classList.toggle("wrong", /^(#(REF!|ERROR!|NAME\?|VALUE!|N\/A)|⚠ )/.test(text));
    cell.classList.toggle("heading", row === 0 && text !== "");
    cell.classList.toggle("picked", this.picked.has(row));
  }

  /** @param {number} row @param {number} column */
  draw(row, column) {
    const data = this.sheet?.options.data[row];
    if (!data) return;
    data[column] = this.book.text(row, column);
    const cell = this.sheet.records[row]?.[column]?.element;
    if (cell) this.drawIn(cell, row, column);
  }

  drawAll() {
    if (this.isTooSmall()) return this.build();
    for (let row = 0; row < this.rows; row++) for (let column = 0; column < this.columns; column++) this.draw(row, column);
  }

  /** Somebody typed, pasted, filled or deleted. @param {number} row @param {number} column @param {string} text */
  changed(row, column, text) {
    if (text === this.book.text(row, column)) return;
    if (this.pending.length === 0) queueMicrotask(() => this.told.typed(this.pending.splice(0)));
    this.pending.push({ row, column, text });
  }

  /** @param {Box} box */
  select(box) {
    this.selection = {
      row: Math.min(box.row, box.lastRow),
      column: Math.min(box.column, box.lastColumn),
      lastRow: Math.max(box.row, box.lastRow),
      lastColumn: Math.max(box.column, box.lastColumn),
    };
    if (this.picked.size > 0) this.pick([]);
    this.told.selected(this.selection);
  }

  /** @param {Box[]} boxes the first is scrolled to and selected, the rows of all are marked where there are several */
  go(boxes) {
    const [first] = boxes;
    if (!first || !this.sheet) return;
    this.reveal(first.row);
    this.sheet.updateSelectionFromCoords(first.column, first.row, Math.min(first.lastColumn, this.columns - 1), Math.min(first.lastRow, this.rows - 1));
    if (boxes.length > 1) this.pick(boxes.flatMap((box) => Array.from({ length: box.lastRow - box.row + 1 }, (_, i) => box.row + i)));
  }

  /** @param {number} column @returns {string[]} what its cells show, also those out of sight */
  shownIn(column) {
    return Array.from({ length: this.rows }, (_, row) => this.told.shown(row, column));
  }

  /** @param {number[]} rows */
  pick(rows) {
    const changed = new Set([...this.picked, ...rows]);
    this.picked = new Set(rows);
    for (const row of changed) for (let column = 0; column < this.columns; column++) this.draw(row, column);
  }

  /** @param {number} row */
  reveal(row) {
    const content = this.content();
    if (!content) return;
    const isHere = () => this.sheet.rows[row]?.element?.isConnected;
    if (!isHere()) this.sheet.loadPage?.(Math.floor(row / 100));
    if (isHere()) this.sheet.rows[row].element.scrollIntoView({ block: "nearest" });
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
