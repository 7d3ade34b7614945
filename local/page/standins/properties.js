// @ts-check
import { askServer, Exception, partOf } from "./host.js";

/** Characters a value, and all of a store, at most. */
const LONGEST_VALUE = 9 * 1024;
const LARGEST_STORE = 500 * 1024;

/**
 * PropertiesService. Document properties are shared by everybody who opens the file; in a custom function, user
 * properties are the owner's, which on this page is the same person.
 *
 * @param {import("./host.js").Host} host
 * @returns {GoogleAppsScript.Properties.PropertiesService}
 */
export function propertiesService(host) {
  const { spreadsheetId, email } = host.execution;
  return partOf("PropertiesService", {
    getScriptProperties: () => properties(host, "script-properties"),
    getUserProperties: () => properties(host, `user-properties.${email}`),
    getDocumentProperties: () => properties(host, `document-properties.${spreadsheetId}`),
  });
}

/**
 * @param {import("./host.js").Host} host
 * @param {string} area
 * @returns {GoogleAppsScript.Properties.Properties}
 */
function properties(host, area) {
  /** @param {object} change */
  const kept = (change) => askServer(host, "POST", `/kept/${encodeURIComponent(area)}`, change);
  const store = {
    /** @param {string} key */
    getProperty: (key) => kept({ get: [key] })[key] ?? null,
    getProperties: () => kept({ get: null }),
    getKeys: () => Object.keys(kept({ get: null })),
    /** @param {string} key @param {string} value */
    setProperty: (key, value) => store.setProperties({ [key]: value }),
    /** @param {Record<string, string>} entries @param {boolean} [deleteAllOthers] */
    setProperties(entries, deleteAllOthers = false) {
      const put = Object.fromEntries(Object.entries(entries).map(([key, value]) => [key, String(value)]));
      const all = { ...(deleteAllOthers ? {} : kept({ get: null })), ...put };
      if (Object.values(put).some((value) => value.length > LONGEST_VALUE))
        throw new Exception("You have exceeded the property value size limit.");
      if (Object.entries(all).reduce((sum, [key, value]) => sum + key.length + value.length, 0) > LARGEST_STORE)
        throw new Exception("You have exceeded the property storage quota. Please remove some properties and try again.");
      kept({ clear: deleteAllOthers, put });
      return store;
    },
    /** @param {string} key */
    deleteProperty(key) {
      kept({ remove: [key] });
      return store;
    },
    deleteAllProperties() {
      kept({ clear: true });
      return store;
    },
  };
  return partOf("Properties", store);
}
