// @ts-check
/**
 * Runs the add-on's unchanged sources, one execution a message, over synchronous requests. The page ends the worker to
 * end an execution that takes too long: nothing else stops it.
 */
import { runFunction, services } from "/standins/index.js";

/** @typedef {import("../standins/host.js").Host} Host */

/** @type {{ code: string, outside: Record<string, string>, email: string, spreadsheetId: string }} */
let script;

/** @type {import("../standins/host.js").HttpSync} */
function httpSync(method, url, headers = {}, body) {
  const request = new XMLHttpRequest();
  request.open(method, url, false);
  for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
  request.send(body ?? null);
  const lines = request.getAllResponseHeaders().trim().split(/\r?\n/);
  const parts = lines.map((line) => /** @type {const} */ ([line.split(":")[0], line.slice(line.indexOf(":") + 1).trim()]));
  return { status: request.status, headers: Object.fromEntries(parts), body: request.responseText };
}

/**
 * @param {Host["execution"]["kind"]} kind
 * @param {import("../standins/host.js").View} view
 * @param {any} spills
 */
function execution(kind, view, spills) {
  /** @type {Host} */
  const host = {
    httpSync,
    execution: { id: crypto.randomUUID(), kind, view, spills, email: script.email, spreadsheetId: script.spreadsheetId },
    outside: script.outside,
    show: (what, details) => postMessage({ show: what, details }),
    sleep: (ms) => void httpSync("GET", `/sleep/${Math.round(ms)}`),
    compile: (source, parameters) => inside.evaluate(`(function (${parameters.join(", ")}) {${source}})`),
  };
  const given = services(host);
  // All files share one scope, as Apps Script's do; `evaluate` looks into it.
  const make = new Function(...Object.keys(given), `${script.code}\nreturn { evaluate: (text_) => eval(text_) };`);
  /** @type {{ evaluate(text: string): any }} */
  const inside = make(...Object.values(given));
  const find = (/** @type {string} */ name) =>
    /^[A-Za-z_$][\w$]*$/.test(name) ? inside.evaluate(`typeof ${name} === "undefined" ? undefined : ${name}`) : undefined;
  return { host, globals: new Proxy({}, { get: (_, name) => find(String(name)) }) };
}

addEventListener("message", ({ data }) => {
  if (data.script) {
    script = data.script;
    return;
  }
  const { kind, name, args, view, spills } = data.run;
  try {
    const { host, globals } = execution(kind, view, spills);
    postMessage({ done: { value: runFunction(host, globals, name, args) ?? null } });
  } catch (error) {
    const [title, message] = error instanceof Error ? [error.name, error.message] : ["Error", String(error)];
    postMessage({ done: { error: { name: title, message } } });
  }
});
