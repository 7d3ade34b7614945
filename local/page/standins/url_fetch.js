// @ts-check
import { Exception, partOf } from "./host.js";

const LONGEST_URL = 2048;

/**
 * UrlFetchApp. Reaches the addresses of the local backend and no other, through the page's own server.
 *
 * @param {import("./host.js").Host} host
 * @returns {GoogleAppsScript.URL_Fetch.UrlFetchApp}
 */
export function urlFetchApp(host) {
  const app = {
    /** @param {string} url @param {GoogleAppsScript.URL_Fetch.URLFetchRequestOptions} [options] */
    fetch: (url, options = {}) => fetchOne(host, url, options),
    /** @param {(string | GoogleAppsScript.URL_Fetch.URLFetchRequest)[]} requests */
    fetchAll: (requests) =>
      requests.map((each) => (typeof each === "string" ? app.fetch(each) : app.fetch(each.url, each))),
  };
  return partOf("UrlFetchApp", app);
}

/**
 * @param {import("./host.js").Host} host
 * @param {string} url
 * @param {GoogleAppsScript.URL_Fetch.URLFetchRequestOptions} options
 * @returns {GoogleAppsScript.URL_Fetch.HTTPResponse}
 */
function fetchOne(host, url, options) {
  if (url.length > LONGEST_URL) throw new Exception("Limit Exceeded: URLFetch URL Length.");
  const origin = URL.canParse(url) ? new URL(url).origin : "";
  const through = host.outside[origin];
  if (through === undefined) throw new Exception(`DNS error: ${url} (this page reaches the local services only)`);
  const { body, type } = payloadOf(options.payload);
  /** @type {Record<string, string>} */
  const headers = { ...(options.headers ?? {}) };
  const contentType = options.contentType ?? type;
  if (body !== undefined && contentType) headers["Content-Type"] = contentType;
  const method = (options.method ?? (body === undefined ? "get" : "post")).toUpperCase();
  let answer;
  try {
    answer = host.httpSync(method, through + url.slice(origin.length), headers, body);
  } catch (error) {
    throw new Exception(`Address unavailable: ${url} (${error instanceof Error ? error.message : error})`);
  }
  if (answer.headers["x-leadfill-page"] === "unreachable") throw new Exception(`Address unavailable: ${url}`);
  if (answer.status >= 400 && !options.muteHttpExceptions) {
    throw new Exception(
      `Request failed for ${origin} returned code ${answer.status}. Truncated server response: ` +
        `${answer.body.slice(0, 200)} (use muteHttpExceptions option to examine full response)`,
    );
  }
  return response(answer);
}

/**
 * @param {GoogleAppsScript.URL_Fetch.URLFetchRequestOptions["payload"]} payload
 * @returns {{ body: string | undefined, type: string | undefined }}
 */
function payloadOf(payload) {
  if (payload === undefined || payload === null) return { body: undefined, type: undefined };
  const form = "application/x-www-form-urlencoded";
  if (typeof payload === "string") return { body: payload, type: form };
  if (typeof payload === "object" && !Array.isArray(payload) && !("getBytes" in payload))
    return { body: new URLSearchParams(/** @type {Record<string, string>} */ (payload)).toString(), type: form };
  throw new Exception("This page sends text only, no bytes and no files.");
}

/**
 * @param {import("./host.js").HttpAnswer} answer
 * @returns {GoogleAppsScript.URL_Fetch.HTTPResponse}
 */
function response({ status, headers, body }) {
  return partOf("HTTPResponse", {
    getResponseCode: () => status,
    getContentText: () => body,
    getHeaders: () => ({ ...headers }),
    getAllHeaders: () => ({ ...headers }),
  });
}
