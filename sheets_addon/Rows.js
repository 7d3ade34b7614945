// @ts-check
/** From a job's row reports to a selection in the sheet. */

/** More at once would only be slow: a selection is there to be looked at. */
const MOST_ROWS = 2000;
/** Before the slug of a person, so that no other text is taken for one. */
const IN = "in/";

/**
 * @param {string} id
 * @param {WantedRows} wanted
 * @param {string} from a page; "" for the first
 * @returns {{ reports: RowReport[], next_page: string | null }}
 */
function rowReports_(id, { outcome, without }, from) {
  /** @type {RowReport[]} */
  const reports = [];
  let page = from;
  do {
    const query = Object.entries({ outcome, without, page_token: page })
      .filter(([, value]) => value)
      .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`);
    /** @type {RowPage} */
    const answer = callApi_("get", `${jobPath_(id, "rows")}?${query.join("&")}`, null, { withSheetAccess: true });
    reports.push(...answer.rows);
    page = answer.next_page_token ?? "";
  } while (page !== "" && reports.length < MOST_ROWS);
  return { reports, next_page: page || null };
}

/**
 * @param {string} jobRange A1 with its sheet, as it was when the job began
 * @param {RowReport[]} reports
 * @returns {{ selected: number }}
 */
function showRows_(jobRange, reports) {
  const { sheet, column } = placeOf_(jobRange);
  const height = sheet.getLastRow();
  if (reports.length === 0 || height === 0) return { selected: 0 };
  const cells = readWithLinks_(sheet.getRange(`${column}1:${column}${height}`)).map(([texts]) =>
    personOf_(texts ?? []),
  );
  return { selected: activateRows_(sheet, rowsNow_(reports, cells)) };
}

/**
 * @param {string} range A1 with its sheet
 * @returns {{ sheet: GoogleAppsScript.Spreadsheet.Sheet, column: string }}
 */
function placeOf_(range) {
  const [, quoted, plain, column] = /^(?:'((?:[^']|'')+)'|([^!]+))!\$?([A-Z]+)/.exec(range) ?? [];
  const sheet = SpreadsheetApp.getActiveSpreadsheet().getSheetByName(quoted?.replaceAll("''", "'") ?? plain ?? "");
  if (sheet && column) return { sheet, column };
  throw new BackendProblem("The tab was renamed or deleted since, so its rows cannot be shown.", "sheet-gone", 0);
}

/**
 * @param {Job} job
 * @param {string | null} reason null for all of them
 * @returns {SelectedRows}
 */
function selectUnusableOf_({ range, fields }, reason) {
  placeOf_(range); // A tab that was renamed is said in words of its own.
  const spreadsheet_id = SpreadsheetApp.getActiveSpreadsheet().getId();
  return selectUnusable_({ spreadsheet_id, range, fields, header: "no", placement: "end" }, reason);
}

/**
 * Nothing of a row without a profile is kept by which it could be found again after a sort, so the rows are counted anew.
 *
 * @param {JobRequest} request
 * @param {string | null} reason null for all of them
 * @returns {SelectedRows} with names of reasons
 */
function selectUnusable_(request, reason) {
  /** @type {Plan} */
  const { unusable_rows, unusable_reasons } = callApi_("post", "/v1/plan", request, { withSheetAccess: true });
  const wanted = reason === null ? Object.values(unusable_rows) : [unusable_rows[reason] ?? []];
  const rows = wanted.flat().sort((a, b) => a - b);
  const details = Object.entries(unusable_reasons).map(([detail, count]) => ({ detail, rows: count }));
  details.sort((a, b) => b.rows - a.rows);
  return { selected: activateRows_(placeOf_(request.range).sheet, rows), next_page: null, details };
}

/**
 * @param {GoogleAppsScript.Spreadsheet.Sheet} sheet
 * @param {number[]} rows ascending
 * @returns {number} those of them that there are; they are selected now
 */
function activateRows_(sheet, rows) {
  const height = sheet.getLastRow();
  const there = rows.filter((row) => row <= height);
  if (there.length === 0) return 0;
  const letters = columnLetters_(Math.max(sheet.getLastColumn(), 1));
  sheet.activate();
  sheet.getRangeList(rowRuns_(there).map(([from, to]) => `A${from}:${letters}${to}`)).activate();
  return there.length;
}

/**
 * The sheet may have been sorted since; a row is where its URL is now, and where it was only if that cannot be told.
 *
 * @param {RowReport[]} reports
 * @param {string[]} cells the person in each row of the URL column now
 * @returns {number[]} ascending, each once
 */
function rowsNow_(reports, cells) {
  const stays = new Set(
    reports.filter(({ row, linkedin_url }) => cells[row - 1] === personIn_(linkedin_url)).map(({ row }) => row),
  );
  /** @type {Map<string, number[]>} */
  const places = new Map();
  cells.forEach((person, i) => {
    if (stays.has(i + 1)) return;
    const rows = places.get(person);
    if (rows) rows.push(i + 1);
    else places.set(person, [i + 1]);
  });
  const rows = reports.flatMap(({ row, linkedin_url }) => {
    if (linkedin_url === "" || stays.has(row)) return row;
    const elsewhere = places.get(personIn_(linkedin_url))?.shift();
    // Where somebody else stands now, the row is gone.
    return elsewhere ?? (cells[row - 1]?.startsWith(IN) ? [] : row);
  });
  return [...new Set(rows)].sort((a, b) => a - b);
}

/**
 * @param {string[]} texts of a cell: what it shows and what it leads to
 * @returns {string}
 */
function personOf_(texts) {
  return personIn_(texts.find((text) => PERSON_ADDRESS.test(text)) ?? texts[0] ?? "");
}

/**
 * @param {string} text
 * @returns {string} enough of it to find the row again; whether it is a profile is none of its business
 */
function personIn_(text) {
  const [, slug] = /\/in\/([^/?#&\s]+)/i.exec(decoded_(text)) ?? [];
  return (slug ? IN + decoded_(slug) : text.trim()).normalize("NFC").toLowerCase();
}

/**
 * @param {string} address perhaps percent-encoded, once or as a part of a redirect
 * @returns {string}
 */
function decoded_(address) {
  try {
    return decodeURIComponent(address);
  } catch {
    return address; // A text with a lone percent sign.
  }
}

/**
 * @param {number[]} rows ascending
 * @returns {[number, number][]} first and last of each run
 */
function rowRuns_(rows) {
  /** @type {[number, number][]} */
  const runs = [];
  for (const row of rows) {
    const last = runs.at(-1);
    if (last && last[1] === row - 1) last[1] = row;
    else runs.push([row, row]);
  }
  return runs;
}

/**
 * @param {RowReport[]} reports
 * @returns {{ detail: string, rows: number }[]}
 */
function detailCounts_(reports) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { detail } of reports) if (detail) counts.set(detail, (counts.get(detail) ?? 0) + 1);
  return [...counts].map(([detail, rows]) => ({ detail, rows })).sort((a, b) => b.rows - a.rows);
}
