// @ts-check
/** The menu items "Freeze formulas", and "Calculate waiting formulas" for those that show no value yet. */

/** Formulas that are out of the sheet for a moment: Google may end a script after six minutes, wherever it is. */
const CALCULATED_AT_ONCE = 50;

/** Turns the ENRICH formulas of the selection, or of the whole sheet, into the values that they show. */
function freezeFormulas() {
  const spreadsheet = SpreadsheetApp.getActiveSpreadsheet();
  const frozen = answer_(() => freezeSheet_(spreadsheet.getActiveSheet()));
  spreadsheet.toast(frozen.ok ? frozen.value : frozen.problem.sentence, "Leadfill", 8);
}

/**
 * @param {GoogleAppsScript.Spreadsheet.Sheet} sheet
 * @returns {string} what was done, as a sentence
 */
function freezeSheet_(sheet) {
  const active = sheet.getActiveRange();
  const whole = !active || (active.getNumRows() === 1 && active.getNumColumns() === 1);
  const blocks = formulaBlocks_(sheet, listWidths_).filter((block) => whole || isInside_(block, active));
  const where = whole ? "on this sheet" : "in the selection";
  if (blocks.length === 0) return `There is no ENRICH formula ${where}.`;
  const settled = blocks.filter((block) => block.settled && block.rows > 0);
  for (const { row, column, rows, columns } of mergedBlocks_(settled)) {
    const range = sheet.getRange(row, column, rows, columns);
    // Pasting values keeps `1-10` and `=1+1` the texts that they are; setValues would parse them again.
    range.copyTo(range, SpreadsheetApp.CopyPasteType.PASTE_VALUES, false);
  }
  const left = blocks.length - settled.length;
  const done = `${countOf_(settled.length, "formula")} ${where} ${settled.length === 1 ? "is a value" : "are values"} now.`;
  const kept = `${countOf_(left, "formula")} ${left === 1 ? "shows no value yet and was" : "show no values yet and were"} left.`;
  return left === 0 ? done : settled.length === 0 ? kept : `${done} ${kept}`;
}

/** Makes the ENRICH formulas of every tab that show no value yet calculate again: Sheets does not do so on its own. */
function calculateWaitingFormulas() {
  const spreadsheet = SpreadsheetApp.getActiveSpreadsheet();
  const done = answer_(() => spreadsheet.getSheets().reduce((sum, sheet) => sum + recalculateSheet_(sheet), 0));
  spreadsheet.toast(done.ok ? calculatedSentence_(done.value) : done.problem.sentence, "Leadfill", 8);
}

/**
 * @param {number} count
 * @returns {string}
 */
function calculatedSentence_(count) {
  if (count === 0) return "Every ENRICH formula shows a value.";
  return `${countOf_(count, "formula")} without a value ${count === 1 ? "calculates" : "calculate"} again.`;
}

/**
 * Makes formulas that show no value calculate again, for example after they were connected.
 *
 * @param {GoogleAppsScript.Spreadsheet.Sheet} sheet
 * @returns {number} how many
 */
function recalculateSheet_(sheet) {
  const waiting = formulaBlocks_(sheet).filter((block) => !block.settled);
  for (let from = 0; from < waiting.length; from += CALCULATED_AT_ONCE)
    recalculateBlocks_(sheet, waiting.slice(from, from + CALCULATED_AT_ONCE));
  return waiting.length;
}

/**
 * Sheets calculates a formula anew only where it was not there a moment ago.
 *
 * @param {GoogleAppsScript.Spreadsheet.Sheet} sheet
 * @param {FormulaBlock[]} blocks
 */
function recalculateBlocks_(sheet, blocks) {
  try {
    for (const { row, column } of blocks) sheet.getRange(row, column).clearContent();
    SpreadsheetApp.flush();
  } finally {
    for (const { row, column, formula } of blocks) sheet.getRange(row, column).setFormula(formula);
    SpreadsheetApp.flush();
  }
}

/**
 * @param {FormulaBlock} block
 * @param {GoogleAppsScript.Spreadsheet.Range} range
 * @returns {boolean} whether the formula's own cell is inside
 */
function isInside_(block, range) {
  return (
    block.row >= range.getRow() &&
    block.row <= range.getLastRow() &&
    block.column >= range.getColumn() &&
    block.column <= range.getLastColumn()
  );
}

/**
 * @param {FormulaBlock[]} blocks
 * @returns {FormulaBlock[]} with blocks that stand on each other joined: 500 formulas dragged down are one paste
 */
function mergedBlocks_(blocks) {
  const ordered = [...blocks].sort((a, b) => a.column - b.column || a.columns - b.columns || a.row - b.row);
  /** @type {FormulaBlock[]} */
  const merged = [];
  for (const block of ordered) {
    const last = merged.at(-1);
    const joins = last && last.column === block.column && last.columns === block.columns;
    if (joins && last.row + last.rows === block.row) last.rows += block.rows;
    else merged.push({ ...block });
  }
  return merged;
}

/**
 * @param {number} count
 * @param {string} noun
 * @returns {string}
 */
function countOf_(count, noun) {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
