// @ts-check
/** The calls of the Sheets API v4 that SpreadsheetApp is made of here. */
import { Exception } from "./host.js";

/** @typedef {{ sheetId: number, title: string, index: number, hidden?: boolean, gridProperties: { rowCount: number, columnCount: number, frozenRowCount?: number } }} SheetProperties */

/**
 * @param {import("./host.js").Host} host
 * @param {string} method
 * @param {string} path after the spreadsheet's id
 * @param {unknown} [body]
 * @returns {any}
 * @throws Exception with the sentence of the API's error
 */
export function call(host, method, path, body) {
  const url = `/proxy/emulator/v4/spreadsheets/${encodeURIComponent(host.execution.spreadsheetId)}${path}`;
  const headers = { "Content-Type": "application/json" };
  const answer =
    body === undefined ? host.httpSync(method, url) : host.httpSync(method, url, headers, JSON.stringify(body));
  if (answer.status < 400) return JSON.parse(answer.body);
  let said = `Service Spreadsheets failed (${answer.status}).`;
  try {
    said = JSON.parse(answer.body).error.message;
  } catch {
    // Not the API's own error, say a proxy's.
  }
  throw new Exception(said);
}

/**
 * @param {import("./host.js").Host} host
 * @returns {{ title: string, locale: string, timeZone: string, sheets: SheetProperties[] }}
 */
export function spreadsheetProperties(host) {
  const got = call(host, "GET", "?fields=properties(title,locale,timeZone),sheets.properties");
  /** @type {{ properties: SheetProperties }[]} */
  const sheets = got.sheets;
  return { ...got.properties, sheets: sheets.map(({ properties }) => properties) };
}

/**
 * @param {import("./host.js").Host} host
 * @param {string} range A1 with its sheet
 * @param {"FORMATTED_VALUE" | "UNFORMATTED_VALUE" | "FORMULA"} render
 * @param {"SERIAL_NUMBER" | "FORMATTED_STRING"} [dates]
 * @returns {any[][]} without empty rows and cells at the end
 */
export function readValues(host, range, render, dates = "SERIAL_NUMBER") {
  const query = `valueRenderOption=${render}&dateTimeRenderOption=${dates}`;
  return call(host, "GET", `/values/${encodeURIComponent(range)}?${query}`).values ?? [];
}

/**
 * @param {import("./host.js").Host} host
 * @param {string} range A1 with its sheet
 * @returns {any[][]} CellData as far as it tells links
 */
export function readLinks(host, range) {
  const cell = "userEnteredValue,hyperlink,textFormatRuns(format(link)),chipRuns(chip(richLinkProperties))";
  const query = `ranges=${encodeURIComponent(range)}&fields=sheets.data.rowData.values(${cell})`;
  /** @type {{ values?: any[] }[]} */
  const rows = call(host, "GET", `?${query}`).sheets?.[0]?.data?.[0]?.rowData ?? [];
  return rows.map(({ values = [] }) => values);
}

/**
 * @param {import("./host.js").Host} host
 * @param {string} range A1 with its sheet
 * @param {any[][]} values
 */
export function writeValues(host, range, values) {
  call(host, "PUT", `/values/${encodeURIComponent(range)}?valueInputOption=USER_ENTERED`, { range, values });
}

/**
 * @param {import("./host.js").Host} host
 * @param {{ range: string, values: any[][] }[]} data written as it is, nothing parsed
 */
export function writeRaw(host, data) {
  call(host, "POST", "/values:batchUpdate", { valueInputOption: "RAW", data });
}

/**
 * @param {import("./host.js").Host} host
 * @param {object[]} requests
 */
export function batchUpdate(host, requests) {
  call(host, "POST", ":batchUpdate", { requests });
}
