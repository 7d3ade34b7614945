// @ts-check
/** ENRICH in cells: called like a custom function, spilled, called again when its arguments change or the page loads. */
import { columnLetters, onSheet, parseA1 } from "/standins/a1.js";
import { boxOf } from "./book.js";
import { TooLong } from "./scripts.js";

/** @typedef {{ row: number, column: number, key: string, values: any[][] }} Block values: what it fills, from its own cell on */

const LOADING = "Loading…";
const AGAIN_MS = 4000;
const TELL_MS = 150;

export class Formulas {
  /**
   * @param {import("./book.js").Book} book
   * @param {(row: number, column: number, args: unknown[]) => Promise<any>} call runs ENRICH
   * @param {(row: number, column: number) => void} draw
   */
  constructor(book, call, draw) {
    this.book = book;
    this.call = call;
    this.draw = draw;
    /** @type {Map<string, Block>} */
    this.blocks = new Map();
    /** Which block shows something in a cell that is not its own. @type {Map<string, Block>} */
    this.covered = new Map();
    /** @type {Map<string, any>} */
    this.untold = new Map();
    /** Where something stands in the way. @type {WeakSet<Block>} */
    this.blocked = new WeakSet();
    this.timer = 0;
  }

  /** Forgets everything: the page was loaded, another sheet is shown, or somebody wants it all again. */
  recalculate() {
    for (const block of this.blocks.values()) this.clear(block);
    this.blocks.clear();
    this.covered.clear();
    this.look();
  }

  /** @param {import("./book.js").Box[]} written cells that somebody typed into: a formula there is a new one */
  look(written = []) {
    const found = new Set();
    this.book.sheet.texts.forEach((cells, row) =>
      cells?.forEach((text, column) => {
        const args = typeof text === "string" && text.startsWith("=") ? enrichArguments(text) : null;
        if (!args) return;
        found.add(`${row},${column}`);
        this.consider(row, column, text, args, written.some((box) => isInside(row, column, box)));
      }),
    );
    for (const [place, block] of this.blocks) {
      if (found.has(place)) continue;
      this.blocks.delete(place);
      this.clear(block);
      this.draw(block.row, block.column);
    }
  }

  /** @param {number} row @param {number} column @param {string} text @param {string[]} args @param {boolean} anew */
  consider(row, column, text, args, anew) {
    const values = args.map((arg) => argumentValue(this.book, arg));
    const key = JSON.stringify([text, values]);
    const place = `${row},${column}`;
    const before = this.blocks.get(place);
    if (before?.key === key && !anew) return this.spill(before, before.values);
    if (before) this.clear(before);
    const block = { row, column, key, values: [[LOADING]] };
    this.blocks.set(place, block);
    this.draw(row, column);
    if (values.includes(undefined)) return this.show(block, [["#REF!"]]);
    this.run(block, values);
  }

  /** @param {Block} block @param {unknown[]} args */
  async run(block, args) {
    /** @type {any[][]} */
    let values;
    try {
      const value = await this.call(block.row, block.column, args);
      values = Array.isArray(value) ? value.map((row) => (Array.isArray(row) ? row : [row])) : [[value ?? ""]];
    } catch (error) {
      values = [["#ERROR!"]];
      if (!(error instanceof TooLong)) console.warn(error);
    }
    if (this.blocks.get(`${block.row},${block.column}`) !== block) return; // it was typed over meanwhile
    this.show(block, values.length > 0 ? values : [[""]]);
    if (values.flat().includes(LOADING)) setTimeout(() => this.runAgain(block, args), AGAIN_MS);
  }

  /** @param {Block} block @param {unknown[]} args */
  runAgain(block, args) {
    if (this.blocks.get(`${block.row},${block.column}`) === block) this.run(block, args);
  }

  /** @param {Block} block @param {any[][]} values */
  show(block, values) {
    this.clear(block);
    this.spill(block, values);
    this.untold.set(`${block.row},${block.column}`, this.shown(block.row, block.column));
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.tell(), TELL_MS);
  }

  /** Fills the cells beside, unless something stands there. @param {Block} block @param {any[][]} values */
  spill(block, values) {
    block.values = values;
    const isFree = values.every((cells, r) =>
      cells.every((_, c) => {
        const [row, column] = [block.row + r, block.column + c];
        const other = this.covered.get(`${row},${column}`);
        return (r === 0 && c === 0) || (this.book.text(row, column) === "" && (!other || other === block));
      }),
    );
    for (const [place, other] of this.covered) if (other === block) this.covered.delete(place);
    if (isFree) this.blocked.delete(block);
    else this.blocked.add(block);
    values.forEach((cells, r) =>
      cells.forEach((_, c) => {
        if (isFree && (r > 0 || c > 0)) this.covered.set(`${block.row + r},${block.column + c}`, block);
        this.draw(block.row + r, block.column + c);
      }),
    );
  }

  /** @param {Block} block */
  clear(block) {
    for (const [place, other] of this.covered) {
      if (other !== block) continue;
      this.covered.delete(place);
      const [row, column] = place.split(",").map(Number);
      this.draw(row, column);
    }
  }

  /** @param {number} row @param {number} column @returns {string | null} null: no formula of ours fills this cell */
  shown(row, column) {
    const place = `${row},${column}`;
    const own = this.blocks.get(place);
    if (own && this.blocked.has(own)) return "#REF!";
    const block = own ?? this.covered.get(place);
    const value = block?.values[row - block.row]?.[column - block.column];
    return block ? String(value ?? "") : null;
  }

  /** Cells that formulas fill beside their own, for scripts that read them. */
  spills() {
    return [...this.covered].map(([place, block]) => {
      const [row, column] = place.split(",").map(Number);
      const value = block.values[row - block.row]?.[column - block.column] ?? "";
      return { sheetId: this.book.sheet.properties.sheetId, row: row + 1, column: column + 1, value };
    });
  }

  /** Tells the emulator what the formulas show, a run of cells at a time, so that others read it. */
  tell() {
    const cells = [...this.untold].map(([place, value]) => ({ place: place.split(",").map(Number), value }));
    this.untold.clear();
    cells.sort((a, b) => a.place[1] - b.place[1] || a.place[0] - b.place[0]);
    /** @type {{ row: number, column: number, values: any[][] }[]} */
    const runs = [];
    for (const { place, value } of cells) {
      const last = runs.at(-1);
      if (last && last.column === place[1] && last.row + last.values.length === place[0]) last.values.push([value]);
      else runs.push({ row: place[0], column: place[1], values: [[value]] });
    }
    const { title } = this.book.sheet.properties;
    for (const { row, column, values } of runs) {
      const letters = columnLetters(column + 1);
      this.book.api.computed(onSheet(title, `${letters}${row + 1}:${letters}${row + values.length}`), values);
    }
  }
}

/** @param {number} row @param {number} column @param {import("./book.js").Box} box */
function isInside(row, column, box) {
  return row >= box.row && row < box.row + box.rows && column >= box.column && column < box.column + box.columns;
}

/**
 * @param {string} formula
 * @returns {string[] | null} null where it is not one whole call of ENRICH
 */
export function enrichArguments(formula) {
  const inner = /^=\s*ENRICH\s*\(([\s\S]*)\)\s*$/i.exec(formula)?.[1];
  if (inner === undefined) return null;
  const args = [""];
  for (const part of inner.match(/"(?:[^"]|"")*"|'(?:[^']|'')*'|[,;]|[^,;"']+/g) ?? []) {
    if (part === "," || part === ";") args.push("");
    else args[args.length - 1] += part;
  }
  return args.map((arg) => arg.trim());
}

/**
 * @param {import("./book.js").Book} book
 * @param {string} text a literal or a reference on this sheet
 * @returns {unknown} undefined where it is neither
 */
function argumentValue(book, text) {
  if (text === "") return "";
  if (text.startsWith('"')) return text.slice(1, -1).replaceAll('""', '"');
  if (/^-?[\d.]+$/.test(text)) return Number(text);
  if (/^(true|false)$/i.test(text)) return text.toLowerCase() === "true";
  const area = parseA1(text);
  const { title, gridProperties } = book.sheet.properties;
  if (!area || (area.sheet !== null && area.sheet !== title)) return undefined;
  const box = boxOf(area, { ...gridProperties, rowCount: area.lastRow ?? Math.max(book.extent().rows, area.row) });
  if (box.rows === 1 && box.columns === 1) return book.shown(box.row, box.column);
  return Array.from({ length: box.rows }, (_, r) =>
    Array.from({ length: box.columns }, (_, c) => book.shown(box.row + r, box.column + c)),
  );
}
