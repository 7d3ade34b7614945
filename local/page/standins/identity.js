// @ts-check
import { askServer, partOf, refuseInFormula } from "./host.js";
import { triggers } from "./triggers.js";

/**
 * ScriptApp: who is asking, with every permission granted, and time triggers. A custom function runs without authorization: it has no identity token, and no access
 * token that any API would take.
 *
 * @param {import("./host.js").Host} host
 * @returns {GoogleAppsScript.Script.ScriptApp}
 */
export function scriptApp(host) {
  return partOf("ScriptApp", {
    ...triggers(host),
    getIdentityToken: () => (isFormula(host) ? null : askServer(host, "GET", "/identity/openid").token),
    getOAuthToken() {
      refuseInFormula(host, "ScriptApp.getOAuthToken");
      return askServer(host, "GET", "/identity/access").token;
    },
    AuthMode: { NONE: "NONE", LIMITED: "LIMITED", FULL: "FULL" },
    /** @param {string} mode all permissions are granted on this page, but a formula has none */
    requireAllScopes: (mode) => refuseInFormula(host, `ScriptApp.requireAllScopes(${mode})`),
    getScriptId: () => "leadfill-on-this-machine",
  });
}

/**
 * Session.
 *
 * @param {import("./host.js").Host} host
 * @returns {GoogleAppsScript.Base.Session}
 */
export function session(host) {
  const user = partOf("User", { getEmail: () => (isFormula(host) ? "" : host.execution.email) });
  return partOf("Session", {
    getActiveUser: () => user,
    getEffectiveUser: () => user,
    getActiveUserLocale: () => "en",
    getScriptTimeZone: () => "Etc/UTC",
    getTemporaryActiveUserKey: () => `key-of-${host.execution.email}`,
  });
}

/**
 * @param {import("./host.js").Host} host
 * @returns {boolean}
 */
function isFormula(host) {
  return host.execution.kind === "formula";
}
