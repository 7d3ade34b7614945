// @ts-check
/** The cell that is typed into. It moves along with its cell while columns come and go, and nothing closes it but its person. */
import { movedPlace } from "./lines.js";

/**
 * @typedef {{
 *   boxOf(row: number, column: number): { left: number, top: number, width: number, parent: HTMLElement },
 *   nameOf(row: number, column: number): string,
 *   step(rows: number, columns: number): void,
 *   focus(): void,
 *   told: { typed(cells: { row: number, column: number, text: string }[]): void },
 * }} Surroundings the grid that it stands in
 */

export class Editor {
  /** @param {Surroundings} grid */
  constructor(grid) {
    this.grid = grid;
    this.row = 0;
    this.column = 0;
    this.before = "";
    /** Arrow keys leave the cell where somebody began by typing, and move in the text after F2 or a double click. */
    this.arrowsLeave = false;
    this.input = document.createElement("textarea");
    this.input.className = "editor";
    this.input.rows = 1;
    this.input.spellcheck = false;
    this.input.hidden = true;
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("input", () => this.fit());
    this.input.addEventListener("blur", () => this.commit());
  }

  get isOpen() {
    return !this.input.hidden;
  }

  /** @param {number} row @param {number} column @param {{ text: string, isNew: boolean }} begin */
  open(row, column, { text, isNew }) {
    [this.row, this.column, this.before, this.arrowsLeave] = [row, column, text, isNew];
    this.input.value = isNew ? "" : text;
    this.input.hidden = false;
    this.place();
    this.input.focus({ preventScroll: true });
    this.input.setSelectionRange(this.input.value.length, this.input.value.length);
  }

  /** Puts it over its cell. */
  place() {
    if (!this.isOpen) return;
    const { left, top, width, parent } = this.grid.boxOf(this.row, this.column);
    if (this.input.parentElement !== parent) this.adopt(parent);
    this.input.setAttribute("aria-label", `Cell ${this.grid.nameOf(this.row, this.column)}`);
    Object.assign(this.input.style, { left: `${left}px`, top: `${top}px`, minWidth: `${width + 1}px` });
    this.fit();
  }

  /** Moving an element takes its focus, which is no reason to commit. @param {HTMLElement} parent */
  adopt(parent) {
    const [text, from, to] = [this.input.value, this.input.selectionStart, this.input.selectionEnd];
    const hadFocus = document.activeElement === this.input;
    this.input.hidden = true;
    parent.append(this.input);
    this.input.hidden = false;
    this.input.value = text;
    if (hadFocus) this.input.focus({ preventScroll: true });
    this.input.setSelectionRange(from, to);
  }

  fit() {
    this.input.style.width = `${Math.min(Math.max(this.input.value.length * 8 + 20, 60), 420)}px`;
    this.input.style.height = "auto";
    this.input.style.height = `${Math.max(this.input.scrollHeight, 23)}px`;
  }

  /** @param {import("./lines.js").LineChange} change */
  follow(change) {
    if (!this.isOpen) return;
    const place = movedPlace(change, this);
    if (!place) return this.cancel(); // Its cell was deleted, and what was typed has no place any more.
    [this.row, this.column] = [place.row, place.column];
  }

  commit() {
    if (!this.isOpen) return;
    const text = this.input.value;
    const { row, column } = this;
    this.close();
    if (text !== this.before) this.grid.told.typed([{ row, column, text }]);
  }

  cancel() {
    if (this.isOpen) this.close();
  }

  close() {
    const hadFocus = document.activeElement === this.input;
    this.input.hidden = true;
    if (hadFocus) this.grid.focus();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    event.stopPropagation();
    if (event.isComposing) return;
    const step = STEPS[event.key];
    const leaves = step && (!event.key.startsWith("Arrow") || this.arrowsLeave);
    if (event.key === "Escape") this.cancel();
    else if (event.key === "Enter" && event.altKey) return this.input.setRangeText("\n", this.input.selectionStart, this.input.selectionEnd, "end");
    else if (leaves) {
      const back = event.shiftKey && !event.key.startsWith("Arrow") ? -1 : 1;
      this.commit();
      this.grid.step(step[0] * back, step[1] * back);
    } else return;
    event.preventDefault();
  }
}

/** @type {Record<string, [number, number]>} rows and columns to go */
const STEPS = { Enter: [1, 0], Tab: [0, 1], ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] };
