// @ts-check
/** Executions of the add-on: who runs now, who waits, and who has taken too long. */

/** @typedef {import("../standins/host.js").View} View */
/** @typedef {{ spreadsheet_id: string, email: string, asked: string, spreadsheets: { id: string, title: string }[], sources: string[], outside: Record<string, string> }} Session */
/** @typedef {{ kind: "open" | "menu" | "sidebar" | "formula" | "trigger", name: string, args: unknown[], view: View, spills: unknown[] }} Run */
/** @typedef {{ run: Run, resolve(value: any): void, reject(error: Error): void }} Waiting */

const LIMIT_MS = { open: 30_000, menu: 360_000, sidebar: 360_000, formula: 30_000, trigger: 360_000 };

/** Took longer than Apps Script lets it. */
export class TooLong extends Error {}

/** So many executions at once of one kind; Google allows more, the connections of a browser do not. */
class Lane {
  /** @param {object} script @param {number} width @param {(what: string, details: any) => void} show */
  constructor(script, width, show) {
    this.script = script;
    this.width = width;
    this.show = show;
    this.busy = 0;
    /** @type {Worker[]} */
    this.idle = [];
    /** @type {Waiting[]} */
    this.waiting = [];
  }

  /** @param {Run} run @returns {Promise<any>} */
  add(run) {
    return new Promise((resolve, reject) => {
      this.waiting.push({ run, resolve, reject });
      this.next();
    });
  }

  next() {
    if (this.busy >= this.width) return;
    const waiting = this.waiting.shift();
    if (!waiting) return;
    this.busy += 1;
    this.execute(waiting, this.idle.pop() ?? this.started());
  }

  started() {
    const worker = new Worker("/static/worker.js", { type: "module" });
    worker.postMessage({ script: this.script });
    return worker;
  }

  /** @param {Waiting} waiting @param {Worker} worker */
  execute({ run, resolve, reject }, worker) {
    /** @param {Worker | null} left */
    const over = (left) => {
      clearTimeout(timer);
      worker.onmessage = worker.onerror = null;
      if (left) this.idle.push(left);
      else worker.terminate();
      this.busy -= 1;
      this.next();
    };
    const timer = setTimeout(() => {
      over(null);
      reject(new TooLong("Exceeded maximum execution time"));
    }, LIMIT_MS[run.kind]);
    worker.onmessage = ({ data }) => {
      if (data.show) return this.show(data.show, data.details);
      over(worker);
      if (!data.done.error) return resolve(data.done.value);
      reject(Object.assign(new Error(data.done.error.message), { name: data.done.error.name }));
    };
    worker.onerror = (event) => {
      over(null);
      reject(new Error(event.message || "The add-on's script could not be loaded."));
    };
    worker.postMessage({ run });
  }
}

/**
 * @param {Session} session
 * @param {(what: string, details: any) => void} show what a script shows: a menu, a frame, a toast, a selection
 * @returns {Promise<(run: Run) => Promise<any>>}
 */
export async function scriptRunner(session, show) {
  const texts = await Promise.all(session.sources.map(async (name) => (await fetch(`/addon/${name}`)).text()));
  const { outside, email, spreadsheet_id: spreadsheetId } = session;
  const script = { code: texts.join("\n"), outside, email, spreadsheetId };
  const person = new Lane(script, 2, show);
  const formulas = new Lane(script, 2, show);
  return (run) => (run.kind === "formula" ? formulas : person).add(run);
}
