// @ts-check
/**
 * Which cells an ENRICH formula fills. Apps Script does not tell the extent of a spilled block, so it is computed from
 * the formula's own arguments, and cut where another formula stands: a block never spills over one.
 */

/**
 * Display texts of cells that hold no value yet, also inside of another formula's text, or one of Sheets' own errors,
 * which are called differently in each language (`#VALUE!`, `#WERT!`, `#NV`).
 */
const UNSETTLED = /⚠ |loading…|^#(N\/A|NV|[^\s#]+[!?])$/i;

/**
 * @typedef {{ row: number, column: number, rows: number, columns: number, formula: string, settled: boolean }} FormulaBlock
 * Rows and columns count from 1. `rows` is 0 where the formula's extent cannot be told.
 */

/**
 * @param {GoogleAppsScript.Spreadsheet.Sheet} sheet
 * @param {(lists: string[]) => Map<string, number>} [widthsOf] how many columns the lists of fields fill. Without it,
 *   blocks with a list are one column wide, which is enough to know whether they show a value: what is looked up, or
 *   went wrong, says so in the first column.
 * @returns {FormulaBlock[]}
 */
function formulaBlocks_(sheet, widthsOf = () => new Map()) {
  const all = sheet.getDataRange();
  const formulas = all.getFormulas();
  const shown = all.getDisplayValues();
  /** @type {FormulaBlock[]} */
  const blocks = [];
  const calls = formulas.flatMap((line, r) =>
    line.flatMap((formula, c) => {
      const args = enrichArguments_(formula);
      return args ? [{ r, c, formula, args }] : [];
    }),
  );
  const widths = widthsOf(calls.flatMap(({ args }) => literal_(args[1] ?? "") ?? []));
  for (const { r, c, formula, args } of calls) {
    const size = cutAtFormulas_(formulas, r, c, extentOf_(sheet, args, widths));
    const cells = shown.slice(r, r + Math.max(size.rows, 1)).flatMap((cell) => cell.slice(c, c + size.columns));
    const settled = !cells.some((text) => UNSETTLED.test(text));
    blocks.push({ row: r + 1, column: c + 1, formula, settled, ...size });
  }
  return blocks;
}

/**
 * @param {string} formula
 * @returns {string[] | null} the texts of ENRICH's arguments, or null where the formula does not call it
 */
function enrichArguments_(formula) {
  // Blank out string literals, so that a text which speaks of ENRICH( is no call.
  const bare = formula.replace(/"(?:[^"]|"")*"/g, (literal) => `"${"_".repeat(literal.length - 2)}"`);
  const call = /(?:^=|[^A-Za-z0-9_.])ENRICH\s*\(/i.exec(bare);
  if (!formula.startsWith("=") || !call) return null;
  const args = [];
  let depth = 0;
  let from = call.index + call[0].length;
  for (let i = from; i < bare.length; i++) {
    const mark = bare[i] ?? "";
    if ("({".includes(mark)) depth++;
    else if (depth > 0 && ")}".includes(mark)) depth--;
    else if (depth === 0 && ",;)".includes(mark)) {
      args.push(formula.slice(from, i).trim());
      from = i + 1;
      if (mark === ")") break;
    }
  }
  return args;
}

/**
 * Asks the backend, which alone knows where a list of fields is cut.
 *
 * @param {string[]} lists
 * @returns {Map<string, number>} how many columns each fills
 */
function listWidths_(lists) {
  const several = [...new Set(lists)].filter((list) => /[,;]/.test(list));
  if (several.length === 0) return new Map();
  /** @type {FieldListsBody} */
  const body = { lists: several };
  /** @type {FieldLists} */
  const answer = callApi_("post", "/v1/field-lists", body);
  return new Map(several.map((list, i) => [list, answer.lists[i]?.length ?? 1]));
}

/**
 * @param {string} argument
 * @returns {string | null} the text of a string literal
 */
function literal_(argument) {
  return /^"(.*)"$/s.exec(argument)?.[1]?.replaceAll('""', '"') ?? null;
}

/**
 * @param {GoogleAppsScript.Spreadsheet.Sheet} sheet
 * @param {string[]} args
 * @param {Map<string, number>} widths columns that a list of fields fills, 1 where it is not in
 * @returns {{ rows: number, columns: number }} rows 0 where it cannot be told
 */
function extentOf_(sheet, [urls = "", fields = ""], widths) {
  const asked = argumentSize_(sheet, urls);
  const named = argumentSize_(sheet, fields);
  if (!asked || !named) return { rows: 0, columns: 1 };
  const list = literal_(fields);
  const count = list === null ? named.rows * named.columns : (widths.get(list) ?? 1);
  // One row for each cell, also where the URLs stand side by side.
  return { rows: asked.rows * asked.columns, columns: Math.max(count, 1) };
}

/**
 * @param {GoogleAppsScript.Spreadsheet.Sheet} sheet
 * @param {string} argument a literal or a reference
 * @returns {{ rows: number, columns: number } | null}
 */
function argumentSize_(sheet, argument) {
  if (argument.startsWith('"')) return { rows: 1, columns: 1 };
  const range = argumentRange_(sheet, argument);
  return range && { rows: range.getNumRows(), columns: range.getNumColumns() };
}

/**
 * @param {GoogleAppsScript.Spreadsheet.Sheet} sheet
 * @param {string} argument a reference such as `$A$2:A`, `'My leads'!B3`, or a named range
 * @returns {GoogleAppsScript.Spreadsheet.Range | null}
 */
function argumentRange_(sheet, argument) {
  const reference = argument.replaceAll("$", "");
  if (!/^('(?:[^']|'')+'!|[\p{L}\p{N}_.]+!)?[\p{L}_][\p{L}\p{N}_.]*(:[A-Za-z]*[0-9]*)?$/u.test(reference)) return null;
  try {
    return reference.includes("!") ? sheet.getParent().getRange(reference) : rangeNamed_(sheet, reference);
  } catch {
    return null; // No such range: the formula shows an error and is not settled anyway.
  }
}

/**
 * @param {GoogleAppsScript.Spreadsheet.Sheet} sheet
 * @param {string} reference
 * @returns {GoogleAppsScript.Spreadsheet.Range}
 */
function rangeNamed_(sheet, reference) {
  const isA1 = /^[A-Za-z]{1,3}[0-9]*(:[A-Za-z]{0,3}[0-9]*)?$/.test(reference);
  return isA1 ? sheet.getRange(reference) : sheet.getParent().getRange(reference);
}

/**
 * @param {string[][]} formulas of the whole sheet
 * @param {number} r index of the block's first row
 * @param {number} c index of the block's first column
 * @param {{ rows: number, columns: number }} size
 * @returns {{ rows: number, columns: number }}
 */
function cutAtFormulas_(formulas, r, c, size) {
  const right = formulas[r]?.slice(c + 1, c + size.columns).findIndex((formula) => formula !== "") ?? -1;
  const columns = right >= 0 ? right + 1 : Math.min(size.columns, (formulas[r]?.length ?? c + 1) - c);
  const below = formulas
    .slice(r + 1, r + size.rows)
    .findIndex((line) => line.slice(c, c + columns).some((formula) => formula !== ""));
  const rows = below >= 0 ? below + 1 : Math.min(size.rows, formulas.length - r);
  return { rows, columns };
}
