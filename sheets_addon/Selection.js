// @ts-check
/** From what is on the screen to a suggestion for step 1: which column holds the URLs, and which rows. */

/** Rows that are looked at to find the column; reading all of a long sheet would take seconds. */
const SAMPLE_ROWS = 200;
const LONGEST_TITLE = 40;
/** Rows of which one may be the example of a field. */
const EXAMPLE_ROWS = 50;
/** Only a guess: what counts as a profile is decided by the backend, and the plan says how many rows are not. */
const LOOKS_LIKE_LINKEDIN = /linkedin\.com\/|lnkd\.in\//i;

/**
 * @param {"person" | "any"} oneCell when a single selected cell means its row: where it names a person, or wherever it is
 * @returns {Selection}
 */
function describeSelection_(oneCell) {
  const spreadsheet = SpreadsheetApp.getActiveSpreadsheet();
  const sheet = spreadsheet.getActiveSheet();
  const lastRow = sheet.getLastRow();
  const width = sheet.getLastColumn();
  const parts = sheet.getActiveRangeList()?.getRanges() ?? [];
  // A run takes rows in one piece. Rows that lie apart mean none: those between them were not chosen.
  const active = parts.length > 1 ? null : (parts[0] ?? null);
  const several = active !== null && active.getNumRows() > 1 && active.getRow() <= lastRow;
  const firstRow = several ? active.getRow() : 1;
  const endRow = several ? Math.min(active.getLastRow(), lastRow) : lastRow;
  const sample = lastRow === 0 ? [] : sampleOf_(sheet, firstRow, endRow, width);
  const counts = Array.from(
    { length: lastRow === 0 ? 0 : width },
    (_, i) => sample.filter((row) => isPerson_(row[i])).length,
  );
  const best = bestColumn_(counts, active ? active.getColumn() : 1, active ? active.getLastColumn() : 1);
  const header = lastRow === 0 ? 0 : headerGuess_(sheet, best ?? 1, width);
  const titles = header === 0 ? [] : (sheet.getRange(header, 1, 1, width).getDisplayValues()[0] ?? []);
  const row = several || active === null ? null : rowOfCell_(active, header, lastRow, oneCell);
  return {
    spreadsheet_id: spreadsheet.getId(),
    sheet: sheet.getName(),
    columns: counts.map((urls, i) => ({ column: columnLetters_(i + 1), title: titleOf_(titles[i] ?? ""), urls })),
    url_column: best === null ? null : columnLetters_(best),
    all_counted: sample.length === Math.max(endRow - firstRow + 1, 0),
    first_row: row ?? Math.min(Math.max(firstRow, header + 1), Math.max(endRow, 1)),
    last_row: row ?? Math.max(endRow, 1),
    selected: several || row !== null,
    parts: parts.map((part) => ({ first_row: part.getRow(), last_row: Math.min(part.getLastRow(), lastRow) })),
  };
}

/**
 * @param {GoogleAppsScript.Spreadsheet.Range} active
 * @param {number} header row of the titles; 0 where there is none
 * @param {number} lastRow that holds something
 * @param {"person" | "any"} oneCell
 * @returns {number | null} the row that a single selected cell, or several of one row, mean; null where they mean none
 */
function rowOfCell_(active, header, lastRow, oneCell) {
  const row = active.getRow();
  if (row <= Math.max(header, 1) || row > lastRow) return null;
  return oneCell === "any" || readWithLinks_(active)[0]?.some(isPerson_) ? row : null;
}

/**
 * @param {string} name of a tab
 * @returns {RowSpan} below the header, down to the last row that holds something
 */
function allRows_(name) {
  const spreadsheet = SpreadsheetApp.getActiveSpreadsheet();
  const sheet = spreadsheet.getSheetByName(name) ?? spreadsheet.getActiveSheet();
  const lastRow = Math.max(sheet.getLastRow(), 1);
  const width = sheet.getLastColumn();
  const sample = sheet.getLastRow() === 0 ? [] : sampleOf_(sheet, 1, lastRow, width);
  const counts = Array.from({ length: width }, (_, i) => sample.filter((row) => isPerson_(row[i])).length);
  const header = sample.length === 0 ? 0 : headerGuess_(sheet, bestColumn_(counts, 1, 1) ?? 1, width);
  return { first_row: Math.min(header + 1, lastRow), last_row: lastRow };
}

/**
 * @param {Choice} choice
 * @returns {string[]} what the first cells of its rows say of people, for an example of what a field gives
 */
function someUrls_(choice) {
  const sheet = SpreadsheetApp.getActiveSpreadsheet().getSheetByName(choice.sheet);
  if (!sheet || choice.url_column === "") return [];
  const rows =
    Math.min(choice.last_row, sheet.getLastRow(), choice.first_row + EXAMPLE_ROWS - 1) - choice.first_row + 1;
  if (rows < 1) return [];
  const cells = readWithLinks_(sheet.getRange(choice.first_row, columnNumber_(choice.url_column), rows, 1));
  return cells.flatMap(([texts]) => (texts ?? []).find((text) => PERSON_ADDRESS.test(text)) ?? []);
}

/**
 * @param {GoogleAppsScript.Spreadsheet.Sheet} sheet
 * @param {number} firstRow
 * @param {number} lastRow
 * @param {number} width
 * @returns {string[][][]}
 */
function sampleOf_(sheet, firstRow, lastRow, width) {
  return readWithLinks_(sheet.getRange(firstRow, 1, Math.min(lastRow - firstRow + 1, SAMPLE_ROWS), width));
}

/**
 * @param {string[] | undefined} texts of a cell: what it shows and what it leads to
 * @returns {boolean} a company's page is none
 */
function isPerson_(texts) {
  return (texts ?? []).some((text) => PERSON_ADDRESS.test(text));
}

/**
 * @param {number[]} counts how many people each column names
 * @param {number} from first column of the selection
 * @param {number} to last column of the selection
 * @returns {number | null} from 1, the one with most; a column inside of the selection wins over one outside
 */
function bestColumn_(counts, from, to) {
  const named = counts.map((urls, i) => ({ column: i + 1, urls })).filter(({ urls }) => urls > 0);
  const inside = named.filter(({ column }) => column >= from && column <= to);
  const [best] = (inside.length > 0 ? inside : named).sort((a, b) => b.urls - a.urls);
  return best?.column ?? null;
}

/**
 * Only for what is shown before the plan; the backend finds the header by better rules, and the plan says which it is.
 *
 * @param {GoogleAppsScript.Spreadsheet.Sheet} sheet
 * @param {number} column from 1
 * @param {number} width
 * @returns {number} the first row that says something above the people, among frozen rows the last; 0 where none does
 */
function headerGuess_(sheet, column, width) {
  const frozen = sheet.getFrozenRows();
  const top = sampleOf_(sheet, 1, Math.min(sheet.getLastRow(), SAMPLE_ROWS), width);
  const first = top.findIndex((row) => (row[column - 1] ?? []).some((text) => LOOKS_LIKE_LINKEDIN.test(text)));
  const above = top.slice(0, first < 0 ? Math.max(frozen, 1) : first).map((row) => row[column - 1]?.[0]?.trim() !== "");
  const inFrozen = above.slice(0, frozen).lastIndexOf(true);
  return 1 + (inFrozen >= 0 ? inFrozen : above.indexOf(true));
}

/**
 * @param {string} text
 * @returns {string} cut short; "" for an address
 */
function titleOf_(text) {
  return LOOKS_LIKE_LINKEDIN.test(text) ? "" : text.trim().slice(0, LONGEST_TITLE);
}

/**
 * @param {Choice} choice
 * @returns {string} A1 with its sheet, quoted as A1 wants it: `'Bob''s leads'!A2:A50`
 */
function rangeOf_(choice) {
  const { sheet, url_column, first_row, last_row } = choice;
  const name = /^[A-Za-z_][A-Za-z0-9_]*$/.test(sheet) ? sheet : `'${sheet.replaceAll("'", "''")}'`;
  return `${name}!${url_column}${first_row}:${url_column}${Math.max(last_row, first_row)}`;
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
