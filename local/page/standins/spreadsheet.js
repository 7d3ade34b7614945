// @ts-check
import { parseA1 } from "./a1.js";
import { Exception, partOf, refuseInFormula } from "./host.js";
import { range, rangeList } from "./range.js";
import { batchUpdate, readValues, spreadsheetProperties } from "./sheets_api.js";
import { ui } from "./ui.js";

/** @typedef {import("./sheets_api.js").SheetProperties} SheetProperties */

/**
 * SpreadsheetApp over the Sheets API: nothing is kept between two calls, so that what the backend or another window
 * wrote is seen at once.
 *
 * @param {import("./host.js").Host} host
 * @returns {GoogleAppsScript.Spreadsheet.SpreadsheetApp}
 */
export function spreadsheetApp(host) {
  const active = () => spreadsheet(host);
  return partOf("SpreadsheetApp", {
    CopyPasteType: {
      PASTE_NORMAL: "PASTE_NORMAL",
      PASTE_VALUES: "PASTE_VALUES",
      PASTE_FORMULA: "PASTE_FORMULA",
      PASTE_FORMAT: "PASTE_FORMAT",
      PASTE_NO_BORDERS: "PASTE_NO_BORDERS",
    },
    getActive: active,
    getActiveSpreadsheet: active,
    getActiveSheet: () => active().getActiveSheet(),
    getActiveRange: () => active().getActiveRange(),
    getActiveRangeList: () => active().getActiveRangeList(),
    getCurrentCell: () => active().getCurrentCell(),
    getUi: () => ui(host),
    flush: () => {},
    openById: (/** @type {string} */ id) => {
      refuseInFormula(host, "SpreadsheetApp.openById");
      if (id !== host.execution.spreadsheetId) throw new Exception("You do not have permission to access the document.");
      return active();
    },
  });
}

/**
 * @param {import("./host.js").Host} host
 * @returns {GoogleAppsScript.Spreadsheet.Spreadsheet}
 */
function spreadsheet(host) {
  const { execution } = host;
  const id = execution.spreadsheetId;
  const sheets = () => spreadsheetProperties(host).sheets.map((properties) => sheet(host, book, properties));
  /** @type {any} */
  const book = partOf("Spreadsheet", {
    getId: () => id,
    getName: () => spreadsheetProperties(host).title,
    getUrl: () => `https://docs.google.com/spreadsheets/d/${id}/edit`,
    getSpreadsheetLocale: () => spreadsheetProperties(host).locale,
    getSpreadsheetTimeZone: () => spreadsheetProperties(host).timeZone,
    getSheets: sheets,
    /** @param {string} name */
    getSheetByName: (name) => sheets().find((each) => each.getName() === name) ?? null,
    getActiveSheet: () => sheets().find((each) => each.getSheetId() === execution.view.sheetId) ?? sheets()[0],
    /** @param {GoogleAppsScript.Spreadsheet.Sheet} chosen */
    setActiveSheet: (chosen) => chosen.activate(),
    getActiveRange: () => book.getActiveSheet().getActiveRange(),
    getActiveRangeList: () => book.getActiveSheet().getActiveRangeList(),
    getCurrentCell: () => book.getActiveSheet().getCurrentCell(),
    /** @param {string} a1 */
    getRange: (a1) => rangeNamed(book, a1),
    getRangeByName: () => null,
    getDataRange: () => book.getActiveSheet().getDataRange(),
    /** @param {string} message @param {string} [title] @param {number} [seconds] */
    toast(message, title = "", seconds = 5) {
      refuseInFormula(host, "Spreadsheet.toast");
      host.show("toast", { message: String(message), title, seconds });
    },
  });
  return book;
}

/**
 * @param {any} book
 * @param {string} a1
 */
function rangeNamed(book, a1) {
  const area = parseA1(a1);
  const found = area && (area.sheet === null ? book.getActiveSheet() : book.getSheetByName(area.sheet));
  if (!found) throw new Exception(`Range not found: ${a1}`);
  return found.getRange(a1);
}

/**
 * @param {import("./host.js").Host} host
 * @param {any} book
 * @param {SheetProperties} properties as they were when the sheet was asked for
 * @returns {GoogleAppsScript.Spreadsheet.Sheet}
 */
function sheet(host, book, properties) {
  const { view } = host.execution;
  const { sheetId, title, gridProperties } = properties;
  const now = () =>
    spreadsheetProperties(host).sheets.find((each) => each.sheetId === sheetId)?.gridProperties ?? gridProperties;
  const filled = () => readValues(host, `'${title.replaceAll("'", "''")}'`, "FORMATTED_VALUE");
  const extent = () => {
    const rows = filled();
    const size = { rows: rows.length, columns: rows.reduce((most, row) => Math.max(most, row.length), 0) };
    for (const spill of host.execution.spills ?? []) {
      if (spill.sheetId !== sheetId) continue;
      size.rows = Math.max(size.rows, spill.row);
      size.columns = Math.max(size.columns, spill.column);
    }
    return size;
  };
  const isActive = () => sheetId === view.sheetId;
  /** @param {string} a1 */
  const fromA1 = (a1) => {
    const area = parseA1(a1);
    if (!area) throw new Exception(`Range not found: ${a1}`);
    const size = area.lastRow === null || area.lastColumn === null ? now() : gridProperties;
    const lastRow = area.lastRow ?? size.rowCount;
    return range(host, made, { ...area, lastRow, lastColumn: area.lastColumn ?? size.columnCount });
  };
  /** @type {any} */
  const made = partOf("Sheet", {
    getSheetId: () => sheetId,
    getName: () => title,
    getSheetName: () => title,
    getParent: () => book,
    getIndex: () => properties.index + 1,
    isSheetHidden: () => properties.hidden ?? false,
    getMaxRows: () => now().rowCount,
    getMaxColumns: () => now().columnCount,
    getFrozenRows: () => now().frozenRowCount ?? 0,
    getLastRow: () => extent().rows,
    getLastColumn: () => extent().columns,
    getDataRange() {
      const { rows, columns } = extent();
      return range(host, made, { row: 1, column: 1, lastRow: Math.max(rows, 1), lastColumn: Math.max(columns, 1) });
    },
    /** @param {string | number} first @param {number} [column] @param {number} [rows] @param {number} [columns] */
    getRange(first, column, rows = 1, columns = 1) {
      if (typeof first === "string") return fromA1(first);
      const numbers = [first, column ?? 0, rows, columns];
      if (numbers.some((number) => !(number >= 1)))
        throw new Exception("The starting row, the column and the size of the range must be at least 1.");
      const left = column ?? 1;
      return range(host, made, { row: first, column: left, lastRow: first + rows - 1, lastColumn: left + columns - 1 });
    },
    /** @param {string[]} a1s */
    getRangeList: (a1s) => rangeList(host, made, a1s.map(fromA1)),
    getActiveRange: () => (isActive() && view.ranges.length > 0 ? fromA1(view.ranges[0]) : fromA1("A1")),
    getActiveRangeList: () => rangeList(host, made, (isActive() ? view.ranges : ["A1"]).map(fromA1)),
    getActiveCell: () => made.getActiveRange().getCell(1, 1),
    getCurrentCell: () => made.getActiveRange().getCell(1, 1),
    /** @param {GoogleAppsScript.Spreadsheet.Range} chosen */
    setActiveRange: (chosen) => chosen.activate(),
    activate() {
      refuseInFormula(host, "Sheet.activate");
      Object.assign(view, { sheetId, ranges: isActive() ? view.ranges : ["A1"] });
      host.show("select", { ...view });
      return made;
    },
    /** @param {number} after @param {number} count */
    insertColumnsAfter(after, count) {
      refuseInFormula(host, "Sheet.insertColumnsAfter");
      const range = { sheetId, dimension: "COLUMNS", startIndex: after, endIndex: after + count };
      batchUpdate(host, [{ insertDimension: { range, inheritFromBefore: true } }]);
      return made;
    },
    /** @param {string} name */
    setName(name) {
      refuseInFormula(host, "Sheet.setName");
      batchUpdate(host, [{ updateSheetProperties: { properties: { sheetId, title: name }, fields: "title" } }]);
      return book.getSheetByName(name);
    },
  });
  return made;
}
