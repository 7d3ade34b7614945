// @ts-check
import { askServer, Exception, partOf } from "./host.js";

const LONGEST_KEY = 250;
const LARGEST_VALUE_BYTES = 100 * 1024;
const DEFAULT_S = 600;
const LONGEST_S = 21600;

/**
 * CacheService.
 *
 * @param {import("./host.js").Host} host
 * @returns {GoogleAppsScript.Cache.CacheService}
 */
export function cacheService(host) {
  const { spreadsheetId, email } = host.execution;
  return partOf("CacheService", {
    getScriptCache: () => cache(host, "script-cache"),
    getUserCache: () => cache(host, `user-cache.${email}`),
    getDocumentCache: () => cache(host, `document-cache.${spreadsheetId}`),
  });
}

/**
 * @param {import("./host.js").Host} host
 * @param {string} area
 * @returns {GoogleAppsScript.Cache.Cache}
 */
function cache(host, area) {
  /** @param {object} change */
  const kept = (change) => askServer(host, "POST", `/kept/${encodeURIComponent(area)}`, change);
  const store = {
    /** @param {string} key */
    get: (key) => kept({ get: [checkedKey(key)] })[key] ?? null,
    /** @param {string[]} keys */
    getAll: (keys) => kept({ get: keys.map(checkedKey) }),
    /** @param {string} key @param {string} value @param {number} [seconds] */
    put: (key, value, seconds) => store.putAll({ [key]: value }, seconds),
    /** @param {Record<string, string>} entries @param {number} [seconds] */
    putAll(entries, seconds = DEFAULT_S) {
      for (const [key, value] of Object.entries(entries)) {
        checkedKey(key);
        if (new TextEncoder().encode(value).length > LARGEST_VALUE_BYTES)
          throw new Exception("Argument too large: value");
      }
      kept({ put: entries, expires_in_s: Math.min(Math.max(seconds, 1), LONGEST_S) });
    },
    /** @param {string} key */
    remove: (key) => void kept({ remove: [key] }),
    /** @param {string[]} keys */
    removeAll: (keys) => void kept({ remove: keys }),
  };
  return partOf("Cache", store);
}

/**
 * @param {string} key
 * @returns {string}
 */
function checkedKey(key) {
  if (key.length > LONGEST_KEY) throw new Exception("Argument too large: key");
  return key;
}
