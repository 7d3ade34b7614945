// @ts-check
import { askServer, Exception, partOf } from "./host.js";

/**
 * LockService. What is still held when the execution ends is given up by `releaseLocks`.
 *
 * @param {import("./host.js").Host} host
 * @returns {GoogleAppsScript.Lock.LockService}
 */
export function lockService(host) {
  const { spreadsheetId, email } = host.execution;
  return partOf("LockService", {
    getScriptLock: () => lock(host, "script"),
    getUserLock: () => lock(host, `user.${email}`),
    getDocumentLock: () => lock(host, `document.${spreadsheetId}`),
  });
}

/** @type {WeakMap<object, Set<string>>} */
const held = new WeakMap();

/** @param {import("./host.js").Host} host at the end of its execution */
export function releaseLocks(host) {
  for (const name of held.get(host.execution) ?? []) turn(host, name, { release: true });
}

/**
 * @param {import("./host.js").Host} host
 * @param {string} name
 * @param {object} how
 * @returns {boolean} whether it is held now
 */
function turn(host, name, how) {
  const path = `/locks/${encodeURIComponent(name)}`;
  const now = askServer(host, "POST", path, { holder: host.execution.id, ...how }).held;
  const names = held.get(host.execution) ?? new Set();
  held.set(host.execution, now ? names.add(name) : (names.delete(name), names));
  return now;
}

/**
 * @param {import("./host.js").Host} host
 * @param {string} name
 * @returns {GoogleAppsScript.Lock.Lock}
 */
function lock(host, name) {
  return partOf("Lock", {
    /** @param {number} timeoutInMillis */
    tryLock: (timeoutInMillis) => turn(host, name, { wait_s: timeoutInMillis / 1000 }),
    /** @param {number} timeoutInMillis */
    waitLock(timeoutInMillis) {
      if (!turn(host, name, { wait_s: timeoutInMillis / 1000 }))
        throw new Exception("Lock timeout: another process was holding the lock for too long.");
    },
    hasLock: () => held.get(host.execution)?.has(name) ?? false,
    releaseLock: () => void turn(host, name, { release: true }),
  });
}
