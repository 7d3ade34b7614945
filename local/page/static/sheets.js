// @ts-check
/** The page's own calls of the Sheets API, as Google's own page would make them. */

/** @typedef {{ sheetId: number, title: string, hidden?: boolean, gridProperties: { rowCount: number, columnCount: number, frozenRowCount?: number } }} Properties */
/** @typedef {{ revision: number, method?: string, changed?: string[], window?: string, lines?: import("./lines.js").LineChange[] }} Event */

export class SheetsApi {
  /** @param {string} id */
  constructor(id) {
    this.id = encodeURIComponent(id);
    /** By which this window knows its own changes again. */
    this.window = crypto.randomUUID();
  }

  /** @param {string} path @param {unknown} [body] @param {Record<string, string>} [more] headers @returns {Promise<any>} */
  async call(path, body, more = {}) {
    const headers = { "Content-Type": "application/json", "X-Leadfill-Window": this.window, ...more };
    const init = { method: "POST", headers, body: JSON.stringify(body) };
    const answer = await fetch(`/proxy/emulator/v4/spreadsheets/${this.id}${path}`, body === undefined ? {} : init);
    const text = await answer.text();
    if (answer.ok) return JSON.parse(text);
    let said = "The sheet cannot be reached. Is `make run` still running?";
    try {
      said = JSON.parse(text).error.message;
    } catch {
      // Not the API's own answer.
    }
    throw new Error(said);
  }

  /** @returns {Promise<{ title: string, sheets: Properties[] }>} */
  async properties() {
    const got = await this.call("?fields=properties.title,sheets.properties");
    return { title: got.properties.title, sheets: got.sheets.map((/** @type {any} */ each) => each.properties) };
  }

  /**
   * @param {string} row of a tab
   * @returns {Promise<number[]>} how wide its columns are, in pixels
   */
  async widths(row) {
    const got = await this.call(`?ranges=${encodeURIComponent(row)}&fields=sheets.data.columnMetadata.pixelSize`);
    return got.sheets[0].data[0].columnMetadata.map((/** @type {any} */ each) => each.pixelSize);
  }

  /**
   * @param {string[]} ranges
   * @returns {Promise<{ range: string, texts: any[][], shown: string[][] }[]>} what was typed, and what is shown
   */
  async read(ranges) {
    const asked = ranges.map((range) => `ranges=${encodeURIComponent(range)}`).join("&");
    const [texts, shown] = await Promise.all(
      ["FORMULA", "FORMATTED_VALUE"].map((render) => this.call(`/values:batchGet?${asked}&valueRenderOption=${render}`)),
    );
    return shown.valueRanges.map((/** @type {any} */ each, /** @type {number} */ i) => ({
      range: each.range,
      texts: texts.valueRanges[i].values ?? [],
      shown: each.values ?? [],
    }));
  }

  /** @param {{ range: string, values: any[][] }[]} data as somebody types it @param {number} seen the revision of the sheet that they saw */
  write(data, seen) {
    return this.call("/values:batchUpdate", { valueInputOption: "USER_ENTERED", data }, { "X-Leadfill-Seen": String(seen) });
  }

  /** @param {object[]} requests */
  change(requests) {
    return this.call(":batchUpdate", { requests });
  }

  /** @param {string} range @param {any[][]} values what the formulas there show */
  async computed(range, values) {
    await fetch(`/proxy/emulator/_emulator/spreadsheets/${this.id}/computed`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ range, values }),
    });
  }

  /**
   * @param {(event: Event) => void} heard
   * @returns {Promise<number>} the revision from which on it hears everything; after a gap it hears an event without `changed`
   */
  listen(heard) {
    const events = new EventSource(`/proxy/emulator/_emulator/spreadsheets/${this.id}/events`);
    events.onmessage = ({ data }) => heard(JSON.parse(data));
    return new Promise((resolve) => {
      let isFirst = true;
      events.addEventListener("opened", ({ data }) => {
        if (isFirst) resolve(JSON.parse(data).revision);
        else heard(JSON.parse(data));
        isFirst = false;
      });
    });
  }
}
