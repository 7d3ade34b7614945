// @ts-check
/**
 * The add-on in Node: its unchanged sources in a `node:vm` context, over the same stand-ins as in the browser.
 *
 *   const host = createHost({ routes: { "/proxy/emulator": emulatorUrl } });
 *   host.run("menu", "onOpen");  host.shown;  // what the page would show
 *   await host.close();
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import vm from "node:vm";
import { runFunction, services } from "../standins/index.js";
import { startHttp } from "./http_sync.mjs";
import { keptHere } from "./kept.mjs";

const ADDON = fileURLToPath(new URL("../../../sheets_addon/", import.meta.url));

/** @typedef {import("../standins/host.js").Execution["kind"]} Kind */

/**
 * @typedef {{
 *   folder?: string,
 *   addresses?: { api: string, formula: string },
 *   routes?: Record<string, string>,
 *   outside?: Record<string, string>,
 *   http?: import("../standins/host.js").HttpSync,
 *   spreadsheetId?: string,
 *   email?: string,
 *   view?: import("../standins/host.js").View,
 *   answer?: unknown,
 *   isPublished?: boolean,
 *   refusesTriggers?: boolean,
 * }} Setup
 * `folder`: the sources, by default the add-on's. `addresses`: of the backend, as a deployment's Addresses.js has them. `routes`: beginnings of paths → URLs, such as
 * `{"/proxy/emulator": "http://127.0.0.1:8085"}`; a path without a route is answered here. `outside`: origins that
 * UrlFetchApp may reach → a path, such as `{"http://127.0.0.1:8081": "/proxy/api"}`. `http`: answers instead of the
 * network, first; may return null to pass. `answer`: what the person answers to every dialog.
 */

/** @param {Setup} setup */
export function createHost(setup = {}) {
  const { folder = ADDON, routes = {}, email = "you@example.com", spreadsheetId = "spreadsheet" } = setup;
  const view = setup.view ?? { sheetId: 0, ranges: ["A1"] };
  const network = startHttp((path) => routedUrl(routes, path) ?? path);
  const kept = keptHere({ email, answer: setup.answer });
  /** @type {{ what: string, details: any }[]} */
  const shown = [];

  /** @type {import("../standins/host.js").HttpSync} */
  const httpSync = (method, url, headers, body) => {
    const scripted = setup.http?.(method, url, headers, body);
    if (scripted) return scripted;
    if (url.startsWith("/addon/")) return addonFile(folder, url.slice("/addon/".length));
    const isHere = url.startsWith("/") && routedUrl(routes, url) === undefined;
    return (isHere ? kept : network.httpSync)(method, url, headers, body);
  };

  /** @param {string} name @returns {string} */
  const sourceOf = (name) =>
    name === "Addresses.js" && setup.addresses
      ? `const ADDRESSES = ${JSON.stringify(setup.addresses)};`
      : readFileSync(`${folder}/${name}`, "utf8");

  /** A new execution: all sources evaluated afresh. @param {Kind} kind @returns {{ globals: any, host: import("../standins/host.js").Host }} */
  const execution = (kind) => {
    const globals = vm.createContext({ console, URL, Error, TypeError, RangeError, SyntaxError, Date });
    const sandbox = new Int32Array(new SharedArrayBuffer(4));
    /** @type {import("../standins/host.js").Host} */
    const host = {
      httpSync,
      execution: {
        id: crypto.randomUUID(),
        kind,
        spreadsheetId,
        email,
        view,
        isPublished: setup.isPublished,
        refusesTriggers: setup.refusesTriggers,
      },
      outside: setup.outside ?? {},
      show: (what, details) => void shown.push({ what, details }),
      sleep: (ms) => void Atomics.wait(sandbox, 0, 0, ms),
      compile: (source, parameters) =>
        /** @type {any} */ (vm.compileFunction(source, parameters, { parsingContext: globals })),
    };
    Object.assign(globals, services(host));
    for (const name of readdirSync(folder)
      .filter((file) => file.endsWith(".js"))
      .sort())
      vm.runInContext(sourceOf(name), globals, { filename: name });
    return { globals, host };
  };

  return {
    /** What the script showed: menus, frames, toasts, dialogs, selections. */
    shown,
    view,
    httpSync,
    execution,
    /**
     * Runs one function of the add-on in an execution of its own.
     *
     * @param {Kind} kind
     * @param {string} name
     * @param {...unknown} args
     * @returns {any}
     */
    run(kind, name, ...args) {
      const { globals, host } = execution(kind);
      return runFunction(host, globals, name, args);
    },
    /** @returns {{ run: string, minutes: number }[]} the person's time triggers */
    triggers() {
      const { body } = httpSync("POST", `/kept/${encodeURIComponent(`triggers.${email}`)}`, {}, '{"get":null}');
      return Object.values(JSON.parse(body)).map((text) => JSON.parse(text));
    },
    close: () => network.close(),
  };
}

/**
 * @param {Record<string, string>} routes
 * @param {string} path
 * @returns {string | undefined}
 */
function routedUrl(routes, path) {
  const start = Object.keys(routes).find((each) => path.startsWith(each));
  return start === undefined ? undefined : routes[start] + path.slice(start.length);
}

/**
 * @param {string} folder
 * @param {string} name
 * @returns {import("../standins/host.js").HttpAnswer}
 */
function addonFile(folder, name) {
  const file = decodeURIComponent(name);
  if (!readdirSync(folder).includes(file)) return { status: 404, headers: {}, body: "" };
  return { status: 200, headers: {}, body: readFileSync(`${folder}/${file}`, "utf8") };
}
