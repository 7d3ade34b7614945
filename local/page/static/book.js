// @ts-check
/** What this window knows of the spreadsheet: read once, then kept up with by the events of whoever changes it. */
import { onSheet, parseA1 } from "/standins/a1.js";
import { moveEntries } from "./lines.js";

/** @typedef {import("./sheets.js").Properties} Properties */
/** @typedef {{ properties: Properties, texts: any[][], shown: string[][], widths: number[] }} Sheet `widths`: of its columns, in pixels */
/** @typedef {{ row: number, column: number, rows: number, columns: number }} Box from 0 */

/** Changes come in bursts; a burst is read once. */
const GATHER_MS = 120;
const MOST_RANGES = 50;

export class Book {
  /** @param {import("./sheets.js").SheetsApi} api @param {{ opened(): void, renamed(): void, changed(written: Box[], touched: Box[] | null): void, moved(change: import("./lines.js").LineChange, isOwn: boolean): void, failed(error: Error): void }} told */
  constructor(api, told) {
    this.api = api;
    this.told = told;
    this.title = "";
    /** The last change of the spreadsheet that this window has heard of, and shows. */
    this.seen = 0;
    /** @type {Properties[]} */
    this.tabs = [];
    /** @type {Sheet} */
    this.sheet = { properties: { sheetId: 0, title: "", gridProperties: { rowCount: 0, columnCount: 0 } }, texts: [], shown: [], widths: [] };
    /** @type {Set<string>} */
    this.stale = new Set();
    /** @type {Box[]} */
    this.written = [];
    this.everything = false;
    this.reading = false;
    this.timer = 0;
  }

  /** @param {number} [sheetId] */
  async open(sheetId) {
    const { title, sheets } = await this.api.properties();
    this.title = title;
    this.tabs = sheets.filter((each) => !each.hidden);
    const properties = this.tabs.find((each) => each.sheetId === sheetId) ?? this.tabs[0];
    const [[read], widths] = await this.readAll(properties.title);
    this.sheet = { properties, texts: read.texts, shown: read.shown, widths };
    this.told.opened();
  }

  /** @param {string} title of a tab */
  readAll(title) {
    return Promise.all([this.api.read([onSheet(title, "").replace(/!$/, "")]), this.api.widths(onSheet(title, "1:1"))]);
  }

  /** Before the first reading, so that nothing happens unheard between the two. */
  async listen() {
    this.seen = await this.api.listen((event) => this.heard(event));
  }

  /** @param {import("./sheets.js").Event} event */
  heard(event) {
    for (const change of event.lines ?? []) this.move(change, event.window === this.api.window);
    this.seen = event.revision;
    const areas = (event.changed ?? []).map((range) => ({ range, area: range.includes("!") ? parseA1(range) : null }));
    if (areas.length === 0 || areas.some(({ area }) => area === null)) this.everything = true;
    for (const { range, area } of areas) {
      if (!area || area.sheet !== this.sheet.properties.title) continue;
      this.stale.add(range);
      if (event?.method !== "computed") this.written.push(boxOf(area));
    }
    if (this.stale.size > MOST_RANGES) this.everything = true;
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.catchUp(), GATHER_MS);
  }

  /**
   * Shows at once where rows and columns are now, and reads later what they hold: whoever types meanwhile means what they see.
   *
   * @param {import("./lines.js").LineChange} change
   * @param {boolean} isOwn
   */
  move(change, isOwn) {
    const { properties, texts, shown, widths } = this.sheet;
    if (change.sheetId === properties.sheetId) {
      if (change.dimension === "COLUMNS") moveEntries(widths, change, () => 0);
      for (const rows of [texts, shown]) {
        if (change.dimension === "ROWS") moveEntries(/** @type {any[][]} */ (rows), change, () => []);
        else for (const row of rows) if (row) moveEntries(/** @type {any[]} */ (row), change, () => "");
      }
    }
    this.told.moved(change, isOwn);
  }

  async catchUp() {
    if (this.reading) return; // whoever reads looks again when it is done
    this.reading = true;
    try {
      while (this.everything || this.stale.size > 0) {
        const [everything, ranges, written] = [this.everything, [...this.stale], this.written];
        [this.everything, this.written] = [false, []];
        this.stale.clear();
        if (everything) await this.reread(written);
        else this.put(await this.api.read(ranges), written);
      }
    } catch (error) {
      this.told.failed(/** @type {Error} */ (error));
    } finally {
      this.reading = false;
    }
  }

  /** @param {Box[]} written */
  async reread(written) {
    const before = this.sheet.properties;
    const { title, sheets } = await this.api.properties();
    const tabs = sheets.filter((each) => !each.hidden);
    const now = tabs.find((each) => each.sheetId === before.sheetId);
    if (!now) return this.open();
    const revision = this.seen;
    const [[read], widths] = await this.readAll(now.title);
    if (this.sheet.properties !== before) return; // another tab was opened meanwhile
    if (revision !== this.seen && this.everything) return void this.written.unshift(...written); // it is read again at once
    Object.assign(this, { title, tabs });
    Object.assign(this.sheet, { properties: now, texts: read.texts, shown: read.shown, widths });
    this.told.renamed();
    this.told.changed(written, null);
  }

  /** @param {{ range: string, texts: any[][], shown: string[][] }[]} parts @param {Box[]} written */
  put(parts, written) {
    const touched = [];
    for (const { range, texts, shown } of parts) {
      const area = parseA1(range);
      if (!area || area.sheet !== this.sheet.properties.title) continue;
      const box = boxOf(area, this.sheet.properties.gridProperties);
      touched.push(box);
      for (let r = 0; r < box.rows; r++) {
        const [to, at] = [(this.sheet.texts[box.row + r] ??= []), (this.sheet.shown[box.row + r] ??= [])];
        for (let c = 0; c < box.columns; c++) {
          to[box.column + c] = texts[r]?.[c] ?? "";
          at[box.column + c] = shown[r]?.[c] ?? "";
        }
      }
    }
    this.told.changed(written, touched);
  }

  /** @param {number} row @param {number} column from 0 @returns {string} */
  text(row, column) {
    return String(this.sheet.texts[row]?.[column] ?? "");
  }

  /** @param {number} row @param {number} column from 0 @returns {string} */
  shown(row, column) {
    return String(this.sheet.shown[row]?.[column] ?? "");
  }

  /** @returns {{ rows: number, columns: number }} filled */
  extent() {
    const { texts } = this.sheet;
    return { rows: texts.length, columns: texts.reduce((most, row) => Math.max(most, row?.length ?? 0), 0) };
  }
}

/**
 * @param {import("../standins/a1.js").Area} area
 * @param {{ rowCount: number, columnCount: number }} [grid] where an open end ends
 * @returns {Box}
 */
export function boxOf(area, grid = { rowCount: 1e7, columnCount: 18278 }) {
  const rows = Math.min(area.lastRow ?? grid.rowCount, grid.rowCount) - area.row + 1;
  const columns = Math.min(area.lastColumn ?? grid.columnCount, grid.columnCount) - area.column + 1;
  return { row: area.row - 1, column: area.column - 1, rows, columns };
}
