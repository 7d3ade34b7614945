// @ts-check
/**
 * A1 notation. Rows and columns count from 1; an open end is null.
 *
 * @typedef {{ sheet: string | null, row: number, column: number, lastRow: number | null, lastColumn: number | null }} Area
 */

const REFERENCE =
  /^(?:'((?:[^']|'')+)'!|([^'!:\s]+)!)?\$?([A-Za-z]{1,3})?\$?([1-9]\d*)?(?::\$?([A-Za-z]{1,3})?\$?([1-9]\d*)?)?$/;

/**
 * @param {string} text such as `A2`, `A2:B`, `3:5`, `'My leads'!$A$2:$A$50`
 * @returns {Area | null}
 */
export function parseA1(text) {
  const found = REFERENCE.exec(text.trim());
  if (!found) return null;
  const [, quoted, plain, left, top, right, bottom] = found;
  const isRange = text.replace(/^'(?:[^']|'')+'!/, "").includes(":");
  if (!left && !top) return null;
  if (!isRange && (!left || !top)) return null;
  if (isRange && !right && !bottom) return null;
  const rows = [top, isRange ? bottom : top].map((row) => (row ? Number(row) : null));
  const columns = [left, isRange ? right : left].map((name) => (name ? columnNumber(name) : null));
  const [row, lastRow] = ordered(rows[0], rows[1]);
  const [column, lastColumn] = ordered(columns[0], columns[1]);
  return { sheet: quoted?.replaceAll("''", "'") ?? plain ?? null, row, column, lastRow, lastColumn };
}

/**
 * @param {number | null} from
 * @param {number | null} to
 * @returns {[number, number | null]}
 */
function ordered(from, to) {
  if (from === null) return [1, null];
  if (to === null) return [from, null];
  return [Math.min(from, to), Math.max(from, to)];
}

/**
 * @param {{ row: number, column: number, lastRow: number, lastColumn: number }} area
 * @returns {string} without its sheet
 */
export function renderA1({ row, column, lastRow, lastColumn }) {
  const from = columnLetters(column) + row;
  return row === lastRow && column === lastColumn ? from : `${from}:${columnLetters(lastColumn)}${lastRow}`;
}

/**
 * @param {string} title
 * @param {string} a1
 * @returns {string}
 */
export function onSheet(title, a1) {
  return `'${title.replaceAll("'", "''")}'!${a1}`;
}

/**
 * @param {number} column from 1
 * @returns {string}
 */
export function columnLetters(column) {
  let letters = "";
  for (let rest = column; rest > 0; rest = Math.floor((rest - 1) / 26))
    letters = String.fromCharCode(65 + ((rest - 1) % 26)) + letters;
  return letters;
}

/**
 * @param {string} letters
 * @returns {number} from 1
 */
export function columnNumber(letters) {
  return [...letters.toUpperCase()].reduce((number, letter) => number * 26 + letter.charCodeAt(0) - 64, 0);
}
