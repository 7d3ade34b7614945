// @ts-check
/** From what is on the screen to a suggestion for step 1: which column holds the URLs, which rows, is there a header. */

/** Rows that are looked at to find the column; reading all of a long sheet would take seconds. */
const SAMPLE_ROWS = 200;
const LONGEST_TITLE = 40;
/** Only a guess: what counts as a profile is decided by the backend, and the plan says how many rows are not. */
const LOOKS_LIKE_LINKEDIN = /linkedin\.com\/|lnkd\.in\//i;

/** @returns {Selection} */
function describeSelection_() {
  const spreadsheet = SpreadsheetApp.getActiveSpreadsheet();
  const sheet = spreadsheet.getActiveSheet();
  const lastRow = sheet.getLastRow();
  const width = sheet.getLastColumn();
  const active = sheet.getActiveRange();
  const selected = active !== null && active.getNumRows() > 1 && active.getRow() <= lastRow;
  const firstRow = selected ? active.getRow() : 1;
  const endRow = selected ? Math.min(active.getLastRow(), lastRow) : lastRow;
  const columns = lastRow === 0 ? [] : columnGuesses_(sheet, firstRow, endRow, width);
  const from = active ? active.getColumn() : 1;
  const to = active ? active.getLastColumn() : 1;
  const best = bestColumn_(columns, from, to);
  const header = best !== null && isHeader_(sheet, columnNumber_(best)) ? "yes" : "no";
  return {
    spreadsheet_id: spreadsheet.getId(),
    sheet: sheet.getName(),
    columns,
    url_column: best,
    header,
    first_row: Math.max(firstRow, header === "yes" ? 2 : 1),
    last_row: Math.max(endRow, 1),
    selected,
  };
}

/**
 * @param {GoogleAppsScript.Spreadsheet.Sheet} sheet
 * @param {number} firstRow
 * @param {number} lastRow
 * @param {number} width
 * @returns {ColumnGuess[]}
 */
function columnGuesses_(sheet, firstRow, lastRow, width) {
  const titles = sheet.getRange(1, 1, 1, width).getDisplayValues()[0] ?? [];
  const sample = sheet.getRange(firstRow, 1, Math.min(lastRow - firstRow + 1, SAMPLE_ROWS), width).getDisplayValues();
  return titles.map((title, i) => ({
    column: columnLetters_(i + 1),
    title: LOOKS_LIKE_LINKEDIN.test(title) ? "" : title.trim().slice(0, LONGEST_TITLE),
    urls: sample.filter((row) => LOOKS_LIKE_LINKEDIN.test(row[i] ?? "")).length,
  }));
}

/**
 * @param {ColumnGuess[]} columns
 * @param {number} from first column of the selection
 * @param {number} to last column of the selection
 * @returns {string | null} most URLs; a column inside of the selection wins over one outside
 */
function bestColumn_(columns, from, to) {
  const withUrls = columns.filter((guess) => guess.urls > 0);
  const inside = withUrls.filter((guess) => columnNumber_(guess.column) >= from && columnNumber_(guess.column) <= to);
  const [best] = (inside.length > 0 ? inside : withUrls).sort((a, b) => b.urls - a.urls);
  return best?.column ?? null;
}

/**
 * @param {GoogleAppsScript.Spreadsheet.Sheet} sheet
 * @param {number} column
 * @returns {boolean} whether row 1 names the column instead of holding a URL
 */
function isHeader_(sheet, column) {
  const first = sheet.getRange(1, column).getDisplayValue().trim();
  return first !== "" && !LOOKS_LIKE_LINKEDIN.test(first);
}

/**
 * @param {Choice} choice
 * @returns {string} A1 with its sheet, quoted as A1 wants it: `'Bob''s leads'!A2:A50`
 */
function rangeOf_(choice) {
  const first = choice.header === "yes" ? Math.max(choice.first_row, 2) : choice.first_row;
  const name = /^[A-Za-z_][A-Za-z0-9_]*$/.test(choice.sheet) ? choice.sheet : `'${choice.sheet.replaceAll("'", "''")}'`;
  return `${name}!${choice.url_column}${first}:${choice.url_column}${Math.max(choice.last_row, first)}`;
}

/**
 * @param {number} column from 1
 * @returns {string}
 */
function columnLetters_(column) {
  let letters = "";
  for (let rest = column; rest > 0; rest = Math.floor((rest - 1) / 26))
    letters = String.fromCharCode(65 + ((rest - 1) % 26)) + letters;
  return letters;
}

/**
 * @param {string} letters
 * @returns {number} from 1
 */
function columnNumber_(letters) {
  return [...letters].reduce((number, letter) => number * 26 + letter.charCodeAt(0) - 64, 0);
}
