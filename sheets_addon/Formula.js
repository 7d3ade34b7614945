// @ts-check
/**
 * =ENRICH(urls, fields, [if_missing])
 *
 * What a custom function lives with: 30 seconds, no authorization and so no identity, document properties and cache
 * shared by all editors, recalculation at any time and many at once. Hence one call a formula however many cells it
 * fills, a cache in front of it, and the spreadsheet's formula token. An error becomes text in the cell: Sheets would
 * hide a thrown one behind `#ERROR!`.
 */

/** What a cell begins with that shows no value yet; such formulas are never frozen. */
const TROUBLE_MARK = "⚠ ";
const WAITING_MARK = "Loading…";
const NOT_CONNECTED =
  "Formulas may no longer ask in this spreadsheet: open Leadfill › Settings and connect them again.";
const RENEWAL_MS = 1500;
/** Sheets ends a formula after 30 seconds, and shows `#ERROR!` for it; this leaves time to say something better. */
const FORMULA_LASTS_MS = 26_000;
/** A call that ends without an answer so shortly before that was too slow, and its lookups may be on their way. */
const LATE_MS = 1500;

/**
 * Fills in what Slintel knows about people, from their LinkedIn profile URLs. A person who was looked up before costs
 * nothing; recalculation costs nothing.
 *
 * @param {CellValue | CellValue[][]} urls A cell or a column of LinkedIn profile URLs, such as A2:A50.
 * @param {CellValue | CellValue[][]} fields A field ("email"), a list ("email, title, company"), or a range of headers (B1:D1).
 * @param {CellValue} [if_missing] What to show where nothing is known. Empty by default.
 * @return The values: one row for each URL, one column for each field.
 * @customfunction
 */
function ENRICH(urls, fields, if_missing) {
  const endsAt = Date.now() + FORMULA_LASTS_MS;
  try {
    return enrichFormula_(withLinks_(urlGrid_(urls)), fieldSlots_(fields), textOf_(if_missing), endsAt);
  } catch (error) {
    if (isUnreachable_(error) && Date.now() > endsAt - LATE_MS) return WAITING_MARK;
    if (!(error instanceof BackendProblem || error instanceof FormulaMistake)) console.error(error);
    return TROUBLE_MARK + sentenceForCell_(error);
  }
}

/**
 * @param {string[][]} urls
 * @param {string[]} slots a field a column, or one list of fields; "" keeps a column free
 * @param {string} ifMissing
 * @param {number} endsAt when there must be something to show, in milliseconds
 * @returns {CellValue[][] | string}
 */
function enrichFormula_(urls, slots, ifMissing, endsAt) {
  const fields = slots.filter((slot) => slot !== "");
  if (fields.length === 0) throw new FormulaMistake('Which fields? For example: =ENRICH(A2, "email, title").');
  if (urls.length === 0) return "";
  const key = cacheKey_([urls, slots, ifMissing]);
  const before = cached_(key);
  if (before !== undefined) return before;

  const answer = askFormula_({ urls, fields, if_missing: ifMissing }, endsAt);
  const values = withFreeColumns_(answer.values.map(shown_), slots);
  // What is still being looked up must be asked for again; what did not work soon; everything else holds.
  const hasTrouble = values.some((row) => row.some((value) => String(value).startsWith(TROUBLE_MARK)));
  if (answer.pending === 0) cache_(key, values, hasTrouble ? TROUBLE_SECONDS : CACHE_SECONDS);
  return values;
}

/**
 * @param {FormulaBody} body
 * @param {number} endsAt
 * @returns {FormulaValues}
 */
function askFormula_(body, endsAt) {
  const token = formulaToken_();
  if (!token) throw new FormulaMistake("Open Leadfill › Enrich… once, so that formulas may ask in this spreadsheet.");
  if (token.token === "") throw new FormulaMistake(NOT_CONNECTED);
  try {
    return callFormula_(token.token, body, endsAt);
  } catch (error) {
    if (!(error instanceof BackendProblem) || error.status !== 401) throw error;
    // Renewed in this very moment? The new token is stored a moment after the backend has ended the old one.
    Utilities.sleep(RENEWAL_MS);
    const now = formulaToken_();
    if (!now?.token || now.token === token.token) throw error;
    return callFormula_(now.token, body, endsAt);
  }
}

/**
 * @param {unknown} error
 * @returns {boolean}
 */
function isUnreachable_(error) {
  return error instanceof BackendProblem && error.slug === "unreachable";
}

/**
 * @param {(CellValue | null)[]} row null where the lookup has not ended
 * @returns {CellValue[]}
 */
function shown_(row) {
  return row.map((value) => (value === null ? WAITING_MARK : value));
}

/** A mistake in the formula or its sheet, said in one sentence. */
class FormulaMistake extends Error {}

/**
 * @param {CellValue | CellValue[][]} urls
 * @returns {string[][]} without the empty rows at its end: `A2:A` must not send a thousand blanks
 */
function urlGrid_(urls) {
  const grid = (Array.isArray(urls) ? urls : [[urls]]).map((row) => row.map(textOf_));
  let rows = grid.length;
  while (rows > 0 && grid[rows - 1]?.every((text) => text === "")) rows--;
  return grid.slice(0, rows);
}

/**
 * Sheets hands a formula the texts of its cells. Where one is no address, the cells are looked at for links, if the
 * formula's own text says which cells they are.
 *
 * @param {string[][]} grid
 * @returns {string[][]} the same, with links written out as in a list that was exported
 */
function withLinks_(grid) {
  const isName = (/** @type {string} */ text) => text !== "" && !LOOKS_LIKE_LINKEDIN.test(text);
  if (!grid.some((row) => row.some(isName))) return grid;
  const cells = cellsOfArgument_(grid.length, grid[0]?.length ?? 0);
  return grid.map((row, r) =>
    row.map((text, c) => {
      const [shown, ...links] = cells[r]?.[c] ?? [];
      if (!isName(text) || shown?.trim() !== text || links.length === 0) return text;
      const label = text.replace(/["()]/g, " ");
      return links.map((link) => `HYPERLINK("${link.replaceAll('"', "%22")}","${label}")`).join(" ");
    }),
  );
}

/**
 * @param {number} rows
 * @param {number} columns
 * @returns {string[][][]} what the cells of the formula's first argument show and lead to; [] where that cannot be told
 */
function cellsOfArgument_(rows, columns) {
  try {
    const cell = SpreadsheetApp.getActiveRange();
    const range = cell && argumentRange_(cell.getSheet(), enrichArguments_(cell.getFormula())?.[0] ?? "");
    return range ? readWithLinks_(range.offset(0, 0, rows, columns)) : [];
  } catch (error) {
    console.error(error); // The texts are still there, and what they lack is said in their cells.
    return [];
  }
}

/**
 * @param {CellValue | CellValue[][]} fields a list in one text is cut by the backend
 * @returns {string[]} in the order of the columns; an empty header keeps its column, at the end it does not
 */
function fieldSlots_(fields) {
  const slots = Array.isArray(fields) ? fields.flat().map(textOf_) : [textOf_(fields)];
  while (slots.length > 0 && slots[slots.length - 1] === "") slots.pop();
  return slots;
}

/**
 * @param {CellValue | null | undefined} value
 * @returns {string}
 */
function textOf_(value) {
  return value === null || value === undefined ? "" : String(value).trim();
}

/**
 * @param {CellValue[][]} values a column a field
 * @param {string[]} slots
 * @returns {CellValue[][]} a column a slot
 */
function withFreeColumns_(values, slots) {
  if (!slots.includes("")) return values;
  return values.map((row) => {
    let next = 0;
    return slots.map((slot) => (slot === "" ? "" : (row[next++] ?? "")));
  });
}

/**
 * @param {unknown} error
 * @returns {string}
 */
function sentenceForCell_(error) {
  if (error instanceof BackendProblem && error.status === 401) return NOT_CONNECTED;
  if (error instanceof BackendProblem || error instanceof FormulaMistake) return error.message;
  return "Something went wrong in this formula. Choose Leadfill › Calculate waiting formulas; if that does not help, ask whoever runs Leadfill.";
}
