// @ts-check
/** The page: what belongs together is made here, and told of each other. */
import { parseA1 } from "/standins/a1.js";
import { Book, boxOf } from "./book.js";
import { Formulas } from "./formulas.js";
import { Frames } from "./frames.js";
import { a1Of, Grid, isWrong } from "./grid.js";
import { listenTo } from "./grid_input.js";
import { History } from "./history.js";
import { regions } from "./keyboard.js";
import { addMenu } from "./menus.js";
import { scriptRunner } from "./scripts.js";
import { SheetsApi } from "./sheets.js";

/** @typedef {import("./grid.js").Box} Box */

const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const formulaBar = /** @type {HTMLInputElement} */ (byId("formula"));

/** @type {import("./scripts.js").Session} */
const session = await (await fetch(`/session${location.search}`)).json();
const api = new SheetsApi(session.spreadsheet_id);
const run = await scriptRunner(session, show);

const book = new Book(api, {
  opened() {
    drawNames();
    grid.open();
    formulas.recalculate();
    grid.go([{ row: 0, column: 0, lastRow: 0, lastColumn: 0 }]);
  },
  renamed: drawNames,
  changed(written, touched) {
    if (!touched || grid.isOutgrown()) grid.drawAll();
    else touched.forEach(redraw);
    formulas.look(written);
    drawFormulaBar();
  },
  moved(change, isOwn) {
    if (!isOwn) history.follow(change);
    if (change.sheetId !== book.sheet.properties.sheetId) return;
    grid.follow(change);
    grid.drawAll();
    drawFormulaBar();
  },
  failed: (error) => complain(error),
});
const history = new History(book);
const grid = new Grid(byId("grid"), book, {
  shown: (row, column) => formulas.shown(row, column) ?? book.shown(row, column),
  selected: drawFormulaBar,
  typed: (cells) => type(cells),
});
const formulas = new Formulas(
  book,
  (row, column, args) => {
    const view = { sheetId: book.sheet.properties.sheetId, ranges: [a1Of({ row, column, lastRow: row, lastColumn: column })] };
    return run({ kind: "formula", name: "ENRICH", args, view, spills: [] });
  },
  (row, column) => grid.draw(row, column),
);
const frames = new Frames(byId("sidebar"), byId("toasts"), (name, args) => script("sidebar", name, args));

listenTo(grid);

/** @param {import("./book.js").Box} box */
function redraw({ row, column, rows, columns }) {
  for (const r of grid.drawn.keys())
    if (r >= row && r < row + rows) for (let c = column; c < Math.min(column + columns, grid.columns); c++) grid.draw(r, c);
}

/** @param {"open" | "menu" | "sidebar" | "trigger"} kind @param {string} name @param {unknown[]} [args] */
function script(kind, name, args = []) {
  const view = { sheetId: book.sheet.properties.sheetId, ranges: grid.pieces.map(a1Of) };
  return run({ kind, name, args, view, spills: formulas.spills() });
}

/** Runs the person's time triggers, as Google does, while the page is open. @param {number} minute since it was opened */
async function runTriggers(minute) {
  const area = `/kept/${encodeURIComponent(`triggers.${session.email}`)}`;
  const body = JSON.stringify({ get: null });
  const kept = await (await fetch(area, { method: "POST", headers: { "Content-Type": "application/json" }, body })).json();
  for (const { run: name, minutes } of Object.values(kept).map((text) => JSON.parse(text)))
    if (minute % minutes === 0) await script("trigger", name);
}

/** What a script shows. @param {string} what @param {any} details */
function show(what, details) {
  if (what === "menu") addMenu(byId("menus"), details.caption, details.items.map(menuItem));
  else if (what === "frame") frames.open(details);
  else if (what === "toast") frames.toast(details);
  else if (what === "ask") frames.ask(details);
  else if (what === "select") select(details);
}

/** @param {any} item @returns {import("./menus.js").Item} */
function menuItem(item) {
  if (!item) return null;
  return { caption: item.caption, run: () => script("menu", item.run).catch(complain) };
}

/** @param {import("../standins/host.js").View} view */
async function select({ sheetId, ranges }) {
  if (sheetId !== book.sheet.properties.sheetId) await book.open(sheetId);
  const boxes = ranges.map((range) => boxOf(/** @type {any} */ (parseA1(range)), book.sheet.properties.gridProperties));
  grid.go(boxes.map(({ row, column, rows, columns }) => ({ row, column, lastRow: row + rows - 1, lastColumn: column + columns - 1 })));
}

/** @param {unknown} error */
function complain(error) {
  frames.toast({ title: "Something went wrong", message: error instanceof Error ? error.message : String(error), seconds: 8 });
}

/** @param {{ row: number, column: number, text: string }[]} cells */
async function type(cells) {
  try {
    await history.type(cells);
  } catch (error) {
    complain(error);
    book.everything = true;
    await book.catchUp();
  }
}

/** @param {object[]} requests */
const change = (requests) => history.change(requests).catch(complain);

/** @param {"undo" | "redo"} way */
async function goBack(way) {
  if (!(await history[way]())) frames.toast({ message: `Nothing to ${way}. A run of Leadfill is undone in its sidebar.`, seconds: 4 });
}

function drawNames() {
  byId("title").textContent = book.title;
  document.title = `${book.title} – Leadfill`;
  drawTabs();
}

function drawFormulaBar() {
  const { row, column } = grid.anchor;
  byId("where").textContent = a1Of(grid.selection);
  if (document.activeElement !== formulaBar) formulaBar.value = book.text(row, column);
  const shown = grid.told.shown(row, column);
  byId("says").hidden = !isWrong(shown);
  byId("says").textContent = isWrong(shown) ? shown : "";
  const { rows } = book.extent();
  byId("status").textContent = `${rows.toLocaleString("en")} ${rows === 1 ? "row" : "rows"}`;
}

function drawTabs() {
  byId("tabs").replaceChildren(
    ...book.tabs.map(({ sheetId, title }) => {
      const tab = Object.assign(document.createElement("button"), { type: "button", textContent: title });
      tab.setAttribute("aria-pressed", String(sheetId === book.sheet.properties.sheetId));
      tab.onclick = () => book.open(sheetId).catch(complain);
      return tab;
    }),
  );
}

formulaBar.addEventListener("keydown", (event) => {
  const { row, column } = grid.anchor; // which has followed its cell while somebody typed
  if (event.key === "Escape") formulaBar.value = book.text(row, column);
  else if (event.key === "Enter") type([{ row, column, text: formulaBar.value }]);
  else return;
  formulaBar.blur();
  grid.focus();
});

const fillDown = () => type(grid.filledDown());
const undo = () => goBack("undo").catch(complain);
const redo = () => goBack("redo").catch(complain);
document.addEventListener("keydown", (event) => {
  const isTyping = event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement;
  if (!(event.ctrlKey || event.metaKey) || isTyping) return; // whoever types takes back letters
  const key = event.key.toLowerCase();
  const work = key === "z" ? (event.shiftKey ? redo : undo) : { d: fillDown, y: redo }[key];
  if (!work) return;
  event.preventDefault();
  work();
});

/** @param {"ROWS" | "COLUMNS"} dimension */
function span(dimension) {
  const { row, column, lastRow, lastColumn } = grid.selection;
  const [startIndex, last] = dimension === "ROWS" ? [row, lastRow] : [column, lastColumn];
  return { range: { sheetId: book.sheet.properties.sheetId, dimension, startIndex, endIndex: last + 1 } };
}

/** @param {"ASCENDING" | "DESCENDING"} sortOrder by the selected column, below the header */
function sort(sortOrder) {
  const { rows, columns } = book.extent();
  const range = { sheetId: book.sheet.properties.sheetId, startRowIndex: 1, endRowIndex: rows, startColumnIndex: 0, endColumnIndex: columns };
  return change([{ sortRange: { range, sortSpecs: [{ dimensionIndex: grid.selection.column, sortOrder }] } }]);
}

const menus = byId("menus");
if (session.spreadsheets.length > 1) addMenu(menus, "File", session.spreadsheets.map(fileItem));
addMenu(menus, "Edit", [
  { caption: "Undo", keys: "Ctrl+Z", run: undo },
  { caption: "Redo", keys: "Ctrl+Y", run: redo },
  null,
  { caption: "Fill down", keys: "Ctrl+D", run: fillDown },
  null,
  { caption: "Delete rows", run: () => change([{ deleteDimension: span("ROWS") }]) },
  { caption: "Delete columns", run: () => change([{ deleteDimension: span("COLUMNS") }]) },
]);
addMenu(menus, "Insert", [
  { caption: "Rows above", run: () => change([{ insertDimension: { ...span("ROWS"), inheritFromBefore: false } }]) },
  { caption: "Columns left", run: () => change([{ insertDimension: { ...span("COLUMNS"), inheritFromBefore: false } }]) },
]);
addMenu(menus, "Data", [
  { caption: "Sort sheet A → Z by this column", run: () => sort("ASCENDING") },
  { caption: "Sort sheet Z → A by this column", run: () => sort("DESCENDING") },
  null,
  { caption: "Recalculate formulas", run: () => formulas.recalculate() },
]);
/** @param {{ id: string, title: string }} file @returns {import("./menus.js").Item} */
function fileItem({ id, title }) {
  const address = new URL(location.href);
  address.searchParams.set("spreadsheet", id);
  return { caption: title, isCurrent: id === session.spreadsheet_id, run: () => location.assign(address) };
}

byId("person").textContent = session.email;
byId("asked").textContent = session.asked;
byId("asked").classList.toggle("real", session.asked.startsWith("REAL"));

await book.listen();
await book.open();
regions([byId("grid"), menus, formulaBar, byId("sidebar"), byId("tabs")]);
grid.focus();
Object.assign(window, { leadfillGrid: grid }); // for the console, and for tests that look at rows out of sight
document.body.dataset.ready = "yes";
await script("open", "onOpen").catch(complain);

let minute = 0;
setInterval(() => runTriggers(++minute).catch(complain), 60_000);
