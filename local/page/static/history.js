// @ts-check
/** Ctrl+Z: what this window changed, and the requests that take it back. Other windows' changes are theirs. */
import { columnLetters, onSheet } from "/standins/a1.js";
import { movedPlace } from "./lines.js";

/** @typedef {import("./lines.js").LineChange} LineChange */
/** @typedef {{ row: number, column: number, text: string }} TypedCell */
/** @typedef {{ sheetId: number, requests: any[] }} Step */

const MOST_STEPS = 100;

export class History {
  /** @param {import("./book.js").Book} book */
  constructor(book) {
    this.book = book;
    /** @type {Step[]} */
    this.done = [];
    /** @type {Step[]} */
    this.undone = [];
  }

  /** Writes as somebody types it. @param {TypedCell[]} cells */
  async type(cells) {
    if (cells.length === 0) return;
    const { sheetId, title } = this.book.sheet.properties;
    this.remember({ sheetId, requests: cells.map(({ row, column }) => contents(this.book, row, column, 1, 1)) });
    const at = (/** @type {TypedCell} */ { row, column }) => onSheet(title, `${columnLetters(column + 1)}${row + 1}`);
    await this.book.api.write(cells.map((cell) => ({ range: at(cell), values: [[cell.text]] })), this.book.seen);
  }

  /** @param {any[]} requests of batchUpdate, on the tab that is shown */
  async change(requests) {
    const step = { sheetId: this.book.sheet.properties.sheetId, requests: inverse(this.book, requests) };
    await this.book.api.change(requests);
    this.remember(step); // only what Sheets has accepted
  }

  /** @param {Step} step */
  remember(step) {
    this.undone = [];
    this.done.push(step);
    if (this.done.length > MOST_STEPS) this.done.shift();
  }

  /** @returns {Promise<boolean>} whether there was something to take back */
  undo() {
    return this.goBack(this.done, this.undone);
  }

  /** @returns {Promise<boolean>} */
  redo() {
    return this.goBack(this.undone, this.done);
  }

  /** @param {Step[]} from @param {Step[]} to */
  async goBack(from, to) {
    const step = from.pop();
    if (!step) return false;
    if (step.sheetId !== this.book.sheet.properties.sheetId) await this.book.open(step.sheetId);
    const again = { sheetId: step.sheetId, requests: inverse(this.book, step.requests) };
    if (step.requests.length > 0) await this.book.api.change(step.requests);
    to.push(again);
    return true;
  }

  /**
   * What others insert and delete moves the cells that were typed into. This window's own changes are left alone: they
   * are taken back, last first, before what came before them.
   *
   * @param {LineChange} change
   */
  follow(change) {
    for (const step of [...this.done, ...this.undone]) {
      if (step.sheetId !== change.sheetId) continue;
      step.requests = step.requests.flatMap((request) => followed(request, change));
    }
  }
}

/**
 * @param {any} request
 * @param {LineChange} change of somebody else
 * @returns {any[]} none where its cells are gone; a block over several cells is followed by its first one
 */
function followed(request, change) {
  const start = request.updateCells?.start;
  if (!start) return [request];
  const place = movedPlace(change, { row: start.rowIndex, column: start.columnIndex });
  if (!place) return [];
  return [{ updateCells: { ...request.updateCells, start: { ...start, rowIndex: place.row, columnIndex: place.column } } }];
}

/**
 * @param {import("./book.js").Book} book as it is before the requests
 * @param {any[]} requests
 * @returns {any[]} that bring back what the book holds now
 */
function inverse(book, requests) {
  return requests.flatMap((request) => inverseOf(book, request)).reverse();
}

/** @param {import("./book.js").Book} book @param {any} request @returns {any[]} last first */
function inverseOf(book, { updateCells, insertDimension, deleteDimension, sortRange }) {
  const { rows, columns } = book.extent();
  if (updateCells) {
    const { start, rows: lines } = updateCells;
    return [contents(book, start.rowIndex, start.columnIndex, lines.length, lines[0].values.length)];
  }
  if (insertDimension) return [{ deleteDimension: { range: insertDimension.range } }];
  if (sortRange) {
    const { startRowIndex: top, startColumnIndex: left, endRowIndex, endColumnIndex } = sortRange.range;
    return [contents(book, top, left, endRowIndex - top, endColumnIndex - left)];
  }
  const { dimension, startIndex, endIndex } = deleteDimension.range;
  const [row, column, height, width] =
    dimension === "ROWS" ? [startIndex, 0, endIndex - startIndex, columns] : [0, startIndex, rows, endIndex - startIndex];
  const back = { insertDimension: { range: deleteDimension.range, inheritFromBefore: startIndex > 0 } };
  return height > 0 && width > 0 ? [contents(book, row, column, height, width), back] : [back];
}

/**
 * @param {import("./book.js").Book} book
 * @param {number} row
 * @param {number} column
 * @param {number} height
 * @param {number} width
 * @returns {any} a request that writes what these cells hold now, exactly: a text that looks like a date stays a text
 */
function contents(book, row, column, height, width) {
  const rows = Array.from({ length: height }, (_, r) => ({
    values: Array.from({ length: width }, (_, c) => cellData(book.sheet.texts[row + r]?.[column + c] ?? "")),
  }));
  const start = { sheetId: book.sheet.properties.sheetId, rowIndex: row, columnIndex: column };
  return { updateCells: { start, rows, fields: "userEnteredValue" } };
}

/** @param {unknown} held */
function cellData(held) {
  if (held === "") return {};
  if (typeof held === "number") return { userEnteredValue: { numberValue: held } };
  if (typeof held === "boolean") return { userEnteredValue: { boolValue: held } };
  const text = String(held);
  return { userEnteredValue: text.startsWith("=") ? { formulaValue: text } : { stringValue: text } };
}
