// @ts-check
/** The page's own calls of the Sheets API, as Google's own page would make them. */

/** @typedef {{ sheetId: number, title: string, hidden?: boolean, gridProperties: { rowCount: number, columnCount: number } }} Properties */

export class SheetsApi {
  /** @param {string} id */
  constructor(id) {
    this.id = encodeURIComponent(id);
  }

  /** @param {string} path @param {unknown} [body] @returns {Promise<any>} */
  async call(path, body) {
    const init = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
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

  /** @param {{ range: string, values: any[][] }[]} data as somebody types it */
  write(data) {
    return this.call("/values:batchUpdate", { valueInputOption: "USER_ENTERED", data });
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

  /** @param {(event: { method: string, changed: string[] } | null) => void} heard null: anything may have changed meanwhile */
  listen(heard) {
    const events = new EventSource(`/proxy/emulator/_emulator/spreadsheets/${this.id}/events`);
    let lost = false;
    events.onopen = () => lost && ((lost = false), heard(null));
    events.onerror = () => (lost = true);
    events.onmessage = ({ data }) => heard(JSON.parse(data));
  }
}
