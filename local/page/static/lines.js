// @ts-check
/** Rows and columns that come, go and move while somebody looks: where everything else is afterwards. */

/**
 * @typedef {{ sheetId: number, dimension: "ROWS" | "COLUMNS", kind: "insert" | "delete" | "move", start: number, end: number, destination: number }} LineChange
 * Indices count from 0; `destination` counts before a move.
 */
/** @typedef {{ row: number, column: number, lastRow: number, lastColumn: number }} Box from 0, ends included */

/**
 * @param {LineChange} change
 * @param {number} index of a row or column of the change's dimension
 * @returns {number | null} where it is now; null: it is gone
 */
export function movedIndex({ kind, start, end, destination }, index) {
  const count = end - start;
  if (kind === "insert") return index >= start ? index + count : index;
  if (kind === "delete") return index < start ? index : index >= end ? index - count : null;
  const target = destination >= end ? destination - count : destination;
  if (index >= start && index < end) return target + index - start;
  const without = index >= end ? index - count : index;
  return without >= target ? without + count : without;
}

/**
 * @param {LineChange} change
 * @param {{ row: number, column: number }} place
 * @returns {{ row: number, column: number } | null}
 */
export function movedPlace(change, { row, column }) {
  const isRow = change.dimension === "ROWS";
  const index = movedIndex(change, isRow ? row : column);
  if (index === null) return null;
  return isRow ? { row: index, column } : { row, column: index };
}

/**
 * @param {LineChange} change
 * @param {Box} box
 * @returns {Box} what is left of it; where all of it is gone, the lines that are there now
 */
export function movedBox(change, box) {
  const [from, to] = change.dimension === "ROWS" ? /** @type {const} */ (["row", "lastRow"]) : /** @type {const} */ (["column", "lastColumn"]);
  const kept = [];
  for (const index of box[to] - box[from] < 1000 ? range(box[from], box[to]) : [box[from], box[to]]) {
    const now = movedIndex(change, index);
    if (now !== null) kept.push(now);
  }
  if (kept.length === 0) return { ...box, [from]: change.start, [to]: change.start };
  return { ...box, [from]: Math.min(...kept), [to]: Math.max(...kept) };
}

/**
 * Moves the entries of an array as its lines are moved.
 *
 * @template T
 * @param {T[]} list
 * @param {LineChange} change
 * @param {() => T} empty
 */
export function moveEntries(list, { kind, start, end, destination }, empty) {
  const count = end - start;
  if (kind === "insert" && list.length > start) list.splice(start, 0, ...Array.from({ length: count }, empty));
  if (kind === "delete") list.splice(start, count);
  if (kind !== "move") return;
  while (list.length < Math.max(end, destination)) list.push(empty());
  const taken = list.splice(start, count);
  list.splice(destination >= end ? destination - count : destination, 0, ...taken);
}

/** @param {number} from @param {number} to */
const range = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
