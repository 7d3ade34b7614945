// @ts-check
/** Writes an ENRICH formula for what was chosen in the sidebar: into free cells only, with its headers above. */

/** The backend takes so many URLs in one formula. */
const MAX_FORMULA_ROWS = 10_000;

/**
 * @param {Choice} choice
 * @returns {{ formula: string, cell: string, rows: number }} the formula, and the first free column for it
 */
function suggestFormula_(choice) {
  const sheet = sheetNamed_(choice.sheet);
  const first = typeof choice.header === "number" ? Math.max(choice.first_row, choice.header + 1) : choice.first_row;
  const rows = Math.max(choice.last_row, first) - first + 1;
  if (rows > MAX_FORMULA_ROWS)
    throw new BackendProblem("One formula takes up to 10,000 rows. Choose fewer rows, or start a run.", "choice", 0);
  const list = choice.fields.join(", ").replaceAll('"', '""');
  const range = `${choice.url_column}${first}:${choice.url_column}${first + rows - 1}`;
  return {
    formula: `=ENRICH(${range}, "${list}")`,
    cell: `${columnLetters_(sheet.getLastColumn() + 1)}${first}`,
    rows,
  };
}

/**
 * @param {Choice} choice
 * @returns {JobRequest} the plan for its price: a formula asks about everybody in its rows, whatever else they hold
 */
function formulaPlanBody_(choice) {
  return {
    spreadsheet_id: SpreadsheetApp.getActiveSpreadsheet().getId(),
    range: rangeOf_(choice),
    fields: choice.fields,
    header: choice.header,
    write: "all",
    placement: "end",
    columns: {},
    include_hidden: true,
  };
}

/**
 * @param {Choice} choice
 * @param {string} cell A1, on the choice's tab
 * @param {string[]} headers of the chosen fields
 * @returns {string} where it stands now
 */
function insertFormula_(choice, cell, headers) {
  const sheet = sheetNamed_(choice.sheet);
  const { formula, rows } = suggestFormula_(choice);
  if (!/^[A-Z]{1,3}[1-9][0-9]{0,6}$/.test(cell)) throw new BackendProblem("Name one cell, such as D2.", "choice", 0);
  const target = sheet.getRange(cell);
  const [row, column] = [target.getRow(), target.getColumn()];
  const missing = column + headers.length - 1 - sheet.getMaxColumns();
  if (missing > 0) sheet.insertColumnsAfter(sheet.getMaxColumns(), missing);
  if (row + rows - 1 > sheet.getMaxRows())
    throw new BackendProblem(`The tab ends above row ${row + rows - 1}. Name a cell further up.`, "choice", 0);
  const block = sheet.getRange(row, column, rows, headers.length);
  if (!block.isBlank())
    throw new BackendProblem(
      `Cells in ${block.getA1Notation()} hold something. Name a cell with free ones.`,
      "choice",
      0,
    );
  if (row > 1) {
    const above = sheet.getRange(row - 1, column, 1, headers.length);
    if (choice.header !== "no" && above.isBlank()) above.setValues([headers]);
  }
  target.setFormula(formula);
  return block.getA1Notation();
}

/**
 * @param {string} name
 * @returns {GoogleAppsScript.Spreadsheet.Sheet}
 */
function sheetNamed_(name) {
  const sheet = SpreadsheetApp.getActiveSpreadsheet().getSheetByName(name);
  if (!sheet) throw new BackendProblem(`There is no tab “${name}” any more. Choose rows again.`, "choice", 0);
  return sheet;
}
