// @ts-check
/** All services of Apps Script that the add-on may use, by their global names; and how a function of it is called. */
import { cacheService } from "./cache.js";
import { Exception } from "./host.js";
import { htmlService } from "./html.js";
import { scriptApp, session } from "./identity.js";
import { lockService, releaseLocks } from "./lock.js";
import { propertiesService } from "./properties.js";
import { spreadsheetApp } from "./spreadsheet.js";
import { urlFetchApp } from "./url_fetch.js";
import { utilities } from "./utilities.js";

/**
 * @param {import("./host.js").Host} host
 * @returns {Record<string, object>} global name → service
 */
export function services(host) {
  return {
    SpreadsheetApp: spreadsheetApp(host),
    UrlFetchApp: urlFetchApp(host),
    PropertiesService: propertiesService(host),
    CacheService: cacheService(host),
    LockService: lockService(host),
    HtmlService: htmlService(host),
    ScriptApp: scriptApp(host),
    Session: session(host),
    Utilities: utilities(host),
  };
}

/**
 * Calls one function of the add-on, as a menu item, google.script.run or a cell does.
 *
 * @param {import("./host.js").Host} host
 * @param {Record<string, any>} globals of the script
 * @param {string} name
 * @param {unknown[]} args
 * @returns {unknown} for the sidebar, only what google.script.run can carry
 */
export function runFunction(host, globals, name, args) {
  const { kind } = host.execution;
  if (kind === "sidebar" && name.endsWith("_")) throw new Exception(`Cannot call ${name}: it is private.`);
  const found = globals[name];
  if (typeof found !== "function") throw new Exception(`Script function not found: ${name}`);
  if (kind === "sidebar") args.forEach((value) => checkCarried(value, "argument"));
  try {
    const value = found(...args);
    if (kind === "sidebar") checkCarried(value, "return value");
    return value;
  } finally {
    releaseLocks(host);
  }
}

/**
 * @param {unknown} value
 * @param {string} what
 * @throws where google.script.run would lose it: dates, functions, instances of classes
 */
function checkCarried(value, what) {
  if (value === null || value === undefined || typeof value !== "object") {
    if (typeof value === "function" || typeof value === "symbol" || typeof value === "bigint")
      throw new Exception(`The ${what} is a ${typeof value}, which is not a supported type.`);
    return;
  }
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  const isPlain = Array.isArray(value) || (tag === "Object" && isPlainPrototype(value));
  if (!isPlain) throw new Exception(`The ${what} holds a ${tag}, which is not a supported type.`);
  for (const inner of Object.values(value)) checkCarried(inner, what);
}

/** @param {object} value */
function isPlainPrototype(value) {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
