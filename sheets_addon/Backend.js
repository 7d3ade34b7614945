// @ts-check
/**
 * The only place that talks to the network. Every answer is either a value or a thrown BackendProblem whose message
 * is one sentence for a person.
 *
 * The backend's addresses stand in Addresses.js. In a standalone script only its own editors can change them. A script that
 * is bound to a spreadsheet protects nobody: whoever can edit the spreadsheet can also edit the script, and so collect
 * colleagues' tokens or send them elsewhere.
 */

const LONGEST_SENTENCE = 500;
/** Of which the answer needs some for its way. */
const TRAVEL_MS = 2000;
const API_TIMEOUT_S = 65;
/** A check begins nothing new after 40 seconds; one call to Google may take as long as Google allows, 180. */
const CHECK_TIMEOUT_S = 240;

class BackendProblem extends Error {
  /**
   * @param {string} sentence
   * @param {string} slug
   * @param {number} status
   */
  constructor(sentence, slug, status) {
    super(sentence);
    this.name = "BackendProblem";
    this.slug = slug;
    this.status = status;
  }
}

/**
 * Calls the `api` entry point as the person at the keyboard.
 *
 * @param {"get" | "post" | "delete"} method
 * @param {string} path such as `/v1/plan`
 * @param {object | null} [body]
 * @param {{ withSheetAccess?: boolean, idempotencyKey?: string, timeoutSeconds?: number }} [options]
 * @returns {any} the decoded answer, null where it is empty
 */
function callApi_(method, path, body, options = {}) {
  const identity = ScriptApp.getIdentityToken();
  if (!identity) {
    throw new BackendProblem(
      "Google gave no proof of who you are. Reload the spreadsheet, open Leadfill again and allow what it asks for.",
      "unauthenticated",
      0,
    );
  }
  /** @type {Record<string, string>} */
  const headers = {
    Authorization: `Bearer ${identity}`,
    // A private Cloud Run service checks this one and takes its signature off; the other arrives whole.
    "X-Serverless-Authorization": `Bearer ${identity}`,
  };
  if (options.withSheetAccess) headers["X-Sheets-Access-Token"] = ScriptApp.getOAuthToken();
  if (options.idempotencyKey) headers["Idempotency-Key"] = options.idempotencyKey;
  return fetchJson_(method, backendUrl_("api") + path, headers, body ?? null, options.timeoutSeconds ?? API_TIMEOUT_S);
}

/** @returns {string} this script's OAuth client id, which the backend must answer to; "" where Google gives no identity */
function clientId_() {
  const claims = ScriptApp.getIdentityToken()?.split(".")[1];
  if (!claims) return "";
  return String(JSON.parse(Utilities.newBlob(Utilities.base64DecodeWebSafe(claims)).getDataAsString()).aud ?? "");
}

/**
 * Calls the `formula` entry point. A custom function has no identity, so the spreadsheet's formula token speaks.
 *
 * @param {string} token
 * @param {FormulaBody} body
 * @param {number} endsAt when the formula must have its answer, in milliseconds
 * @returns {FormulaValues}
 */
function callFormula_(token, body, endsAt) {
  const headers = {
    Authorization: `Bearer ${token}`,
    // A token that somebody took along into another file opens nothing there.
    "X-Spreadsheet-Id": SpreadsheetApp.getActiveSpreadsheet().getId(),
  };
  const deadline = new Date(endsAt - TRAVEL_MS).toISOString();
  const seconds = Math.max(1, Math.round((endsAt - Date.now()) / 1000));
  return fetchJson_("post", `${backendUrl_("formula")}/v1/formula`, headers, { ...body, deadline }, seconds);
}

/**
 * @param {keyof typeof ADDRESSES} entryPoint
 * @returns {string} without a slash at its end
 */
function backendUrl_(entryPoint) {
  const url = ADDRESSES[entryPoint];
  if (!url) {
    throw new BackendProblem(
      "Leadfill is not connected to its server yet. Whoever runs Leadfill can connect it with make deploy.",
      "not-connected",
      0,
    );
  }
  return url.replace(/\/+$/, "");
}

/**
 * @param {"get" | "post" | "delete"} method
 * @param {string} url
 * @param {Record<string, string>} headers
 * @param {object | null} body
 * @param {number} timeoutSeconds after which there is no answer
 * @returns {any}
 */
function fetchJson_(method, url, headers, body, timeoutSeconds) {
  /** @type {GoogleAppsScript.URL_Fetch.URLFetchRequestOptions & { timeoutSeconds: number }} */
  const request = { method, headers, muteHttpExceptions: true, followRedirects: false, timeoutSeconds };
  if (body !== null) {
    request.contentType = "application/json";
    request.payload = JSON.stringify(body);
  }
  let response;
  try {
    response = UrlFetchApp.fetch(url, request);
  } catch (error) {
    // Name resolution, refused connection, timeout, or an address outside of the manifest's urlFetchWhitelist.
    console.warn(`No answer from the backend: ${error}`);
    throw new BackendProblem(
      "Leadfill's server cannot be reached. Nothing is lost: try again in a minute, and tell whoever runs Leadfill if it stays so.",
      "unreachable",
      0,
    );
  }
  const status = response.getResponseCode();
  const decoded = decodeJson_(response.getContentText());
  if (status >= 200 && status < 300 && decoded !== undefined) return decoded;
  throw problemFrom_(status, decoded);
}

/**
 * @param {string} text
 * @returns {any} undefined where the text is no JSON, null where it is empty
 */
function decodeJson_(text) {
  if (text.trim() === "") return null;
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Say, an HTML page of a proxy in between.
  }
}

/**
 * @param {number} status
 * @param {any} decoded an RFC 9457 problem, where the backend itself answered
 * @returns {BackendProblem}
 */
function problemFrom_(status, decoded) {
  const slug = String(decoded?.type ?? "").match(/^urn:leadfill:problem:([a-z0-9-]+)$/)?.[1];
  const said = [decoded?.detail, decoded?.title].find((text) => typeof text === "string" && text.trim() !== "");
  if (slug && said) return new BackendProblem(said.trim().slice(0, LONGEST_SENTENCE), slug, status);
  return new BackendProblem(sentenceForStatus_(status), slug ?? "unexpected-answer", status);
}

/**
 * For answers that did not come from the backend itself, but from something in front of it.
 *
 * @param {number} status
 * @returns {string}
 */
function sentenceForStatus_(status) {
  if (status === 401 || status === 403)
    return "Leadfill's server did not let your Google account in. Ask whoever runs Leadfill to allow it.";
  if (status === 404)
    return "There is no Leadfill server at the configured address. Ask whoever runs Leadfill to check it.";
  if (status === 429) return "Leadfill's server is busy. Wait a minute and try again.";
  if (status >= 500) return "Leadfill's server has a problem at the moment. Wait a minute and try again.";
  return `Leadfill's server answered in a way that was not understood (status ${status}). Try again, or ask whoever runs Leadfill.`;
}
