// @ts-check
/** What a person does to the grid with the mouse, the keyboard and the clipboard. */

/** @typedef {import("./grid.js").Grid} Grid */
/** @typedef {{ row: number, column: number }} Place */

/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1], PageDown: [20, 0], PageUp: [-20, 0] };

/** @param {Grid} grid */
export function listenTo(grid) {
  const { element } = grid;
  element.addEventListener("mousedown", (event) => pressed(grid, event));
  element.addEventListener("dblclick", ({ target }) => {
    const place = placeOf(target);
    if (place) edit(grid, place, { text: grid.book.text(place.row, place.column), isNew: false });
  });
  element.addEventListener("keydown", (event) => {
    if (!event.defaultPrevented && key(grid, event)) event.preventDefault();
  });
  for (const kind of /** @type {const} */ (["copy", "cut", "paste"]))
    document.addEventListener(kind, (event) => document.activeElement === element && clipboard(grid, kind, event));
}

/** @param {Grid} grid @param {Place} place @param {{ text: string, isNew: boolean }} begin */
function edit(grid, { row, column }, begin) {
  grid.reveal(row, column);
  grid.editor.open(row, column, begin);
}

/** @param {EventTarget | null} target @returns {Place | null} */
function placeOf(target) {
  const cell = target instanceof Element ? target.closest("[data-x]") : null;
  return cell instanceof HTMLElement ? { row: Number(cell.dataset.y), column: Number(cell.dataset.x) } : null;
}

/** @param {Grid} grid @param {MouseEvent} event */
function pressed(grid, event) {
  if (event.button !== 0 || event.target === grid.editor.input || !(event.target instanceof HTMLElement)) return;
  const { edge, column, row } = event.target.dataset;
  if (edge !== undefined) return resize(grid, Number(edge), event);
  grid.editor.commit();
  grid.focus();
  const last = { row: grid.rows - 1, column: grid.columns - 1 };
  if (column !== undefined) return grid.select({ row: 0, column: Number(column) }, { row: last.row, column: Number(column) });
  if (row !== undefined) return grid.select({ row: Number(row), column: 0 }, { row: Number(row), column: last.column });
  const place = placeOf(event.target);
  if (!place) return;
  event.preventDefault(); // no text is selected while cells are
  const from = event.shiftKey ? grid.anchor : place;
  grid.select(from, place);
  dragged((moved) => {
    const over = placeOf(document.elementFromPoint(moved.clientX, moved.clientY));
    if (over) grid.select(from, over);
  });
}

/** @param {Grid} grid @param {number} column @param {MouseEvent} event */
function resize(grid, column, event) {
  event.preventDefault();
  const [from, width] = [event.clientX, grid.widths[column]];
  dragged((moved) => grid.setWidth(column, width + moved.clientX - from));
}

/** @param {(event: MouseEvent) => void} move until the button is let go */
function dragged(move) {
  const over = () => {
    removeEventListener("mousemove", move);
    removeEventListener("mouseup", over);
  };
  addEventListener("mousemove", move);
  addEventListener("mouseup", over);
}

/** @param {Grid} grid @param {KeyboardEvent} event @returns {boolean} whether the key was the grid's */
function key(grid, event) {
  const withControl = event.ctrlKey || event.metaKey;
  const { row, column } = grid.anchor;
  const arrow = ARROWS[event.key];
  if (arrow) {
    const far = withControl ? 1e9 : 1;
    grid.step(arrow[0] * far, arrow[1] * far, event.shiftKey);
  } else if (event.key === "Tab" && !withControl) grid.step(0, event.shiftKey ? -1 : 1);
  else if (event.key === "Home") grid.step(withControl ? -1e9 : 0, -1e9, event.shiftKey);
  else if (event.key === "End") grid.step(withControl ? 1e9 : 0, 1e9, event.shiftKey);
  else if (event.key === "Enter" || event.key === "F2") edit(grid, grid.anchor, { text: grid.book.text(row, column), isNew: false });
  else if (event.key === "Delete" || event.key === "Backspace") clear(grid);
  else if (withControl && event.key.toLowerCase() === "a") grid.select({ row: 0, column: 0 }, { row: grid.rows - 1, column: grid.columns - 1 });
  else if (event.key.length === 1 && !withControl && !event.altKey) {
    edit(grid, grid.anchor, { text: grid.book.text(row, column), isNew: true });
    return false; // the letter goes into the cell that has just opened
  } else return false;
  return true;
}

/** @param {Grid} grid */
function clear(grid) {
  grid.told.typed(selected(grid).flatMap((line) => line.filter(({ row, column }) => grid.book.text(row, column) !== "")).map((place) => ({ ...place, text: "" })));
}

/** @param {Grid} grid @returns {Place[][]} its cells, row by row, as far as anything is filled */
function selected(grid) {
  const { row, column, lastRow, lastColumn } = grid.selection;
  const { rows, columns } = grid.book.extent();
  const [height, width] = [Math.max(Math.min(lastRow, rows - 1) - row + 1, 1), Math.max(Math.min(lastColumn, columns - 1) - column + 1, 1)];
  return Array.from({ length: height }, (_, r) => Array.from({ length: width }, (_, c) => ({ row: row + r, column: column + c })));
}

/** @param {Grid} grid @param {"copy" | "cut" | "paste"} kind @param {ClipboardEvent} event */
function clipboard(grid, kind, event) {
  event.preventDefault();
  if (kind === "paste") return paste(grid, event.clipboardData?.getData("text/plain") ?? "");
  const lines = selected(grid).map((line) => line.map(({ row, column }) => quoted(grid.told.shown(row, column))).join("\t"));
  event.clipboardData?.setData("text/plain", lines.join("\n"));
  if (kind === "cut") clear(grid);
}

/** @param {string} text @returns {string} */
function quoted(text) {
  return /[\t\n"]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** One value fills the whole selection, as in Sheets. @param {Grid} grid @param {string} text */
function paste(grid, text) {
  const lines = table(text);
  const { row, column, lastRow, lastColumn } = grid.selection;
  const isOne = lines.length === 1 && lines[0].length === 1;
  const [height, width] = isOne ? [lastRow - row + 1, lastColumn - column + 1] : [lines.length, Math.max(...lines.map((line) => line.length))];
  const cells = Array.from({ length: height * width }, (_, i) => ({ row: row + Math.floor(i / width), column: column + (i % width) }));
  grid.told.typed(cells.map((place) => ({ ...place, text: (isOne ? lines[0][0] : lines[place.row - row][place.column - column]) ?? "" })));
}

/** @param {string} text tab-separated, as spreadsheets copy @returns {string[][]} */
function table(text) {
  /** @type {string[][]} */
  const lines = [[]];
  for (const [, held, plain, end] of text.replace(/\r\n?/g, "\n").replace(/\n$/, "").matchAll(/(?:"((?:[^"]|"")*)"|([^\t\n]*))(\t|\n|$)/g)) {
    lines[lines.length - 1].push(held?.replaceAll('""', '"') ?? plain);
    if (end === "") break;
    if (end === "\n") lines.push([]);
  }
  return lines;
}
