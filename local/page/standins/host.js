// @ts-check
/**
 * What every stand-in is made over: one synchronous HTTP function, and who runs which script where. A Web Worker makes
 * it of synchronous XHR, Node of a thread and Atomics.wait.
 *
 * @typedef {{ status: number, headers: Record<string, string>, body: string }} HttpAnswer header names in lower case
 *
 * @typedef {(method: string, url: string, headers?: Record<string, string>, body?: string) => HttpAnswer} HttpSync
 * throws where there is no answer at all; a path without a host is this page's own server
 *
 * @typedef {{ sheetId: number, ranges: string[] }} View what is selected, A1 without its sheet, first one active
 *
 * @typedef {{
 *   id: string,
 *   kind: "open" | "menu" | "sidebar" | "formula" | "trigger",
 *   isPublished?: boolean,
 *   refusesTriggers?: boolean,
 *   spreadsheetId: string,
 *   email: string,
 *   view: View,
 *   spills?: Spill[],
 * }} Execution one run of a script; in a formula, `view` is the formula's own cell;
 * `isPublished`: the script is a published add-on, whose triggers run once an hour at most; `refusesTriggers`: the person has
 * not allowed the script to make any
 *
 * @typedef {{ sheetId: number, row: number, column: number, value: any }} Spill what a formula shows in a cell beside its
 * own, counted from 1; the Sheets API behind the page does not know of it
 *
 * @typedef {{
 *   httpSync: HttpSync,
 *   execution: Execution,
 *   sleep: (ms: number) => void,
 *   outside: Record<string, string>,
 *   show: (what: string, details: any) => void,
 *   compile: (source: string, parameters: string[]) => (...values: any[]) => any,
 * }} Host
 * `outside`: the beginnings of URLs that UrlFetchApp may reach, and through which path of this server. `show` tells the
 * page without waiting. `compile` makes a function that sees the script's globals.
 */

/** An error as Apps Script throws it: its name is Exception. */
export class Exception extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = "Exception";
  }
}

/**
 * @param {Host} host
 * @param {string} what such as `SpreadsheetApp.getUi`
 * @throws where a custom function may not do that
 */
export function refuseInFormula(host, what) {
  if (host.execution.kind === "formula") {
    throw new Exception(`You do not have permission to call ${what}. A custom function may only read and calculate.`);
  }
}

/**
 * Asks the page's own server.
 *
 * @param {Host} host
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @returns {any} the decoded answer
 */
export function askServer(host, method, path, body) {
  const headers = { "Content-Type": "application/json" };
  const answer =
    body === undefined ? host.httpSync(method, path) : host.httpSync(method, path, headers, JSON.stringify(body));
  if (answer.status >= 400) throw new Exception(`Service error (${answer.status}): ${answer.body.slice(0, 300)}`);
  return JSON.parse(answer.body);
}

/**
 * Where a method is missing, says so by name instead of "is not a function".
 *
 * @template {object} T
 * @param {string} name
 * @param {T} standIn
 * @returns {any} for the type of the real service, of which the stand-in is a part
 */
export function partOf(name, standIn) {
  return new Proxy(standIn, {
    get(target, key, receiver) {
      if (key in target || typeof key === "symbol" || key === "then" || key === "toJSON")
        return Reflect.get(target, key, receiver);
      throw new Exception(`${name}.${key} exists in Apps Script perhaps, but not on this page.`);
    },
  });
}
