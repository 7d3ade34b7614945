// @ts-check
import { onSheet, renderA1 } from "./a1.js";
import { Exception, partOf, refuseInFormula } from "./host.js";
import { batchUpdate, readLinks, readValues, writeRaw, writeValues } from "./sheets_api.js";

/** @typedef {{ row: number, column: number, lastRow: number, lastColumn: number }} Box rows and columns from 1, ends included */

/**
 * @param {import("./host.js").Host} host
 * @param {any} sheet
 * @param {Box} box
 * @returns {GoogleAppsScript.Spreadsheet.Range}
 */
export function range(host, sheet, { row, column, lastRow, lastColumn }) {
  const box = { row, column, lastRow, lastColumn };
  const a1 = renderA1(box);
  const [height, width] = [lastRow - row + 1, lastColumn - column + 1];
  const name = () => onSheet(sheet.getName(), a1);
  /** @param {any[][]} rows */
  const whole = (rows) => Array.from({ length: height }, (_, r) => Array.from({ length: width }, (_, c) => rows[r]?.[c] ?? ""));
  const values = () => spilled(host, sheet, box, whole(cellValues(host, name())));
  const shown = () => spilled(host, sheet, box, whole(readValues(host, name(), "FORMATTED_VALUE")));
  const formulas = () =>
    whole(readValues(host, name(), "FORMULA")).map((cells) =>
      cells.map((cell) => (typeof cell === "string" && cell.startsWith("=") ? cell : "")),
    );
  /** @param {any[][]} given */
  const write = (given) => {
    refuseInFormula(host, "Range.setValues");
    checkSize(given, height, width);
    writeValues(host, name(), given.map((cells) => cells.map(entered)));
    return made;
  };
  /** @param {any} value */
  const fill = (value) => write(whole([]).map((cells) => cells.map(() => value)));
  /** @param {string} fields of CellData */
  const clear = (fields) => {
    refuseInFormula(host, "Range.clearContent");
    batchUpdate(host, [{ updateCells: { range: gridRange(sheet, box), fields } }]);
    return made;
  };
  /** @type {any} */
  const made = partOf("Range", {
    getSheet: () => sheet,
    getA1Notation: () => a1,
    getGridId: () => sheet.getSheetId(),
    getRow: () => row,
    getColumn: () => column,
    getRowIndex: () => row,
    getLastRow: () => lastRow,
    getLastColumn: () => lastColumn,
    getNumRows: () => height,
    getNumColumns: () => width,
    getHeight: () => height,
    getWidth: () => width,
    getValues: values,
    getValue: () => values()[0][0],
    getDisplayValues: shown,
    getDisplayValue: () => shown()[0][0],
    getFormulas: formulas,
    getFormula: () => formulas()[0][0],
    getRichTextValues: () => whole(readLinks(host, name())).map((cells) => cells.map((cell) => richText(cell || {}))),
    isBlank: () => shown().flat().every((text) => text === ""),
    setValues: write,
    setValue: fill,
    setFormulas: write,
    setFormula: fill,
    clearContent: () => clear("userEnteredValue"),
    clear: () => clear("userEnteredValue,userEnteredFormat"),
    /** @param {number} r @param {number} c */
    getCell: (r, c) => range(host, sheet, oneCell(row + r - 1, column + c - 1)),
    /** @param {number} rows @param {number} columns @param {number} [tall] @param {number} [wide] */
    offset: (rows, columns, tall = height, wide = width) =>
      range(host, sheet, {
        row: row + rows,
        column: column + columns,
        lastRow: row + rows + tall - 1,
        lastColumn: column + columns + wide - 1,
      }),
    /** @param {any} target @param {any} [how] */
    copyTo(target, how) {
      refuseInFormula(host, "Range.copyTo");
      const pasteType = typeof how === "string" ? how : how?.contentsOnly ? "PASTE_VALUES" : "PASTE_NORMAL";
      const [source, destination] = [gridRange(sheet, box), gridRange(target.getSheet(), boxOf(target))];
      const beside = spillsIn(host, sheet, box);
      batchUpdate(host, [{ copyPaste: { source, destination, pasteType, pasteOrientation: "NORMAL" } }]);
      const data = beside.map((each) => ({
        range: onSheet(target.getSheet().getName(), renderA1(cellBeside(each, box, boxOf(target)))),
        values: [[each.value]],
      }));
      if (pasteType === "PASTE_VALUES" && data.length > 0) writeRaw(host, data);
    },
    /** @param {number | { column: number, ascending: boolean }} by a column, counted from the sheet's first */
    sort(by) {
      refuseInFormula(host, "Range.sort");
      const order = typeof by === "number" ? { column: by, ascending: true } : by;
      const sortOrder = order.ascending === false ? "DESCENDING" : "ASCENDING";
      const sortSpecs = [{ dimensionIndex: order.column - 1, sortOrder }];
      batchUpdate(host, [{ sortRange: { range: gridRange(sheet, box), sortSpecs } }]);
      return made;
    },
    activate: () => select(host, sheet, [a1], made),
  });
  return made;
}

/**
 * A cell that computes its text, or holds no text, has no rich text of its own; two links in a cell have no common one.
 *
 * @param {{ userEnteredValue?: { stringValue?: string }, hyperlink?: string, textFormatRuns?: any[], chipRuns?: any[] }} cell CellData
 * @returns {any} a RichTextValue, or null
 */
function richText({ userEnteredValue, hyperlink, textFormatRuns = [], chipRuns = [] }) {
  const text = userEnteredValue?.stringValue;
  if (text === undefined) return null;
  const links = [
    ...textFormatRuns.map(({ format }) => format?.link?.uri),
    ...chipRuns.map(({ chip }) => chip?.richLinkProperties?.uri),
  ];
  /** @param {string | undefined} link */
  const run = (link) => partOf("RichTextValue", { getText: () => text, getLinkUrl: () => link ?? null });
  const runs = links.length > 0 ? links.map(run) : [run(hyperlink)];
  return partOf("RichTextValue", { getText: () => text, getLinkUrl: () => hyperlink ?? null, getRuns: () => runs });
}

/**
 * @param {import("./host.js").Host} host
 * @param {any} sheet
 * @param {GoogleAppsScript.Spreadsheet.Range[]} ranges
 * @returns {GoogleAppsScript.Spreadsheet.RangeList}
 */
export function rangeList(host, sheet, ranges) {
  /** @type {any} */
  const made = partOf("RangeList", {
    getRanges: () => ranges,
    activate() {
      const a1s = ranges.map((each) => each.getA1Notation());
      return select(host, sheet, a1s, made);
    },
  });
  return made;
}

/**
 * @template T
 * @param {import("./host.js").Host} host
 * @param {any} sheet
 * @param {string[]} ranges
 * @param {T} made
 * @returns {T}
 */
function select(host, sheet, ranges, made) {
  refuseInFormula(host, "Range.activate");
  Object.assign(host.execution.view, { sheetId: sheet.getSheetId(), ranges });
  host.show("select", { ...host.execution.view });
  return made;
}

/**
 * @param {import("./host.js").Host} host
 * @param {any} sheet
 * @param {Box} box
 * @returns {import("./host.js").Spill[]} inside
 */
export function spillsIn(host, sheet, { row, column, lastRow, lastColumn }) {
  const mine = (host.execution.spills ?? []).filter((each) => each.sheetId === sheet.getSheetId());
  return mine.filter((each) => each.row >= row && each.row <= lastRow && each.column >= column && each.column <= lastColumn);
}

/**
 * @param {import("./host.js").Host} host
 * @param {any} sheet
 * @param {Box} box
 * @param {any[][]} rows of the box
 * @returns {any[][]} with what formulas show beside their own cells
 */
function spilled(host, sheet, box, rows) {
  for (const each of spillsIn(host, sheet, box)) rows[each.row - box.row][each.column - box.column] = each.value;
  return rows;
}

/**
 * @param {import("./host.js").Spill} spill
 * @param {Box} from
 * @param {Box} to
 */
function cellBeside(spill, from, to) {
  return oneCell(to.row + spill.row - from.row, to.column + spill.column - from.column);
}

/**
 * The API gives a date as a number in one rendering and as text in another, and a number as a number in both.
 *
 * @param {import("./host.js").Host} host
 * @param {string} name
 * @returns {any[][]}
 */
function cellValues(host, name) {
  const numbers = readValues(host, name, "UNFORMATTED_VALUE", "SERIAL_NUMBER");
  if (!numbers.some((cells) => cells.some((cell) => typeof cell === "number"))) return numbers;
  const texts = readValues(host, name, "UNFORMATTED_VALUE", "FORMATTED_STRING");
  return numbers.map((cells, r) =>
    cells.map((cell, c) => (typeof cell === "number" && typeof texts[r]?.[c] === "string" ? dateOf(cell) : cell)),
  );
}

/**
 * @param {number} serial days since 1899-12-30
 * @returns {Date}
 */
export function dateOf(serial) {
  return new Date(Math.round((serial - 25569) * 86_400_000));
}

/**
 * @param {any} value as given to setValues
 * @returns {string | number | boolean} as somebody would type it
 */
function entered(value) {
  if (value === null || value === undefined) return "";
  if (Object.prototype.toString.call(value) === "[object Date]") return value.toISOString().slice(0, 19).replace("T", " ");
  return typeof value === "object" ? String(value) : value;
}

/**
 * @param {any[][]} given
 * @param {number} height
 * @param {number} width
 */
function checkSize(given, height, width) {
  if (given.length !== height) {
    throw new Exception(
      `The number of rows in the data does not match the number of rows in the range. ` +
        `The data has ${given.length} but the range has ${height}.`,
    );
  }
  const odd = given.find((cells) => cells.length !== width);
  if (odd) {
    throw new Exception(
      `The number of columns in the data does not match the number of columns in the range. ` +
        `The data has ${odd.length} but the range has ${width}.`,
    );
  }
}

/** @param {number} row @param {number} column */
function oneCell(row, column) {
  return { row, column, lastRow: row, lastColumn: column };
}

/** @param {GoogleAppsScript.Spreadsheet.Range} of */
function boxOf(of) {
  return { row: of.getRow(), column: of.getColumn(), lastRow: of.getLastRow(), lastColumn: of.getLastColumn() };
}

/**
 * @param {any} sheet
 * @param {Box} box
 */
function gridRange(sheet, { row, column, lastRow, lastColumn }) {
  return {
    sheetId: sheet.getSheetId(),
    startRowIndex: row - 1,
    endRowIndex: lastRow,
    startColumnIndex: column - 1,
    endColumnIndex: lastColumn,
  };
}
