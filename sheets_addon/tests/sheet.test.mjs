import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { pythonHere, startAddon } from "./addon.mjs";

const skip = pythonHere() ? false : "the Sheets emulator needs .venv (make test sets it up)";
const URL_OF = (name) => `https://www.linkedin.com/in/${name}`;
const CSV = ["Name,Profile,Notes", ...["ada", "bob", "cy", "di"].map((name) => `${name},${URL_OF(name)},–`)].join("\n");
const CHOICE = {
  sheet: "Leads",
  url_column: "B",
  first_row: 2,
  last_row: 5,
  header: "auto",
  fields: ["email"],
  write: "empty",
  placement: "reuse",
  columns: { email: { column: "D", title: "Mine" }, title: { column: "end", title: null } },
  include_hidden: false,
  retry_in_doubt: false,
};
const JOB = { id: "j1", state: "running" };
const FAILED = { outcome: "failed", without: null, detail: null };

/** @type {Awaited<ReturnType<typeof startAddon>>} */
let addon;
before(async () => {
  if (!skip) addon = await startAddon({ csv: CSV, connected: false });
});
afterEach(async () => {
  await addon?.backend.forget();
  if (addon) Object.assign(addon.view, { ranges: ["A1"] });
});
after(() => addon?.close());

const plain = (value) => JSON.parse(JSON.stringify(value));
const value = (answer) => {
  assert.equal(answer.ok, true, answer.problem?.sentence);
  return plain(answer.value);
};

test("the column with the URLs, the header and all rows are found by themselves, without the backend", {
  skip,
}, async () => {
  const { selection, remembered } = value(addon.rpc("getStart"));
  assert.equal(remembered, null);
  assert.deepEqual(
    [selection.sheet, selection.url_column, selection.first_row, selection.last_row, selection.selected],
    ["Leads", "B", 2, 5, false],
  );
  assert.deepEqual(selection.columns[1], { column: "B", title: "Profile", urls: 4 });
  assert.deepEqual(await addon.backend.calls(), []);
});

test("a selection of several rows is what is suggested, without rows below the data", { skip }, () => {
  addon.view.ranges = ["A3:C900"];
  const selection = value(addon.rpc("detectSelection"));
  assert.deepEqual([selection.first_row, selection.last_row, selection.selected], [3, 5, true]);
});

test("one selected cell means its row: by itself where it names a person, and anywhere if somebody says so", {
  skip,
}, async () => {
  const rows = ({ first_row, last_row, selected }) => [first_row, last_row, selected];
  addon.view.ranges = ["B4"];
  assert.deepEqual(rows(value(addon.rpc("getStart")).selection), [4, 4, true]);
  addon.view.ranges = ["C3"];
  assert.deepEqual(
    rows(value(addon.rpc("getStart")).selection),
    [2, 5, false],
    "a note may be where they last clicked",
  );
  assert.deepEqual(rows(value(addon.rpc("detectSelection"))), [3, 3, true]);
  for (const above of ["B1", "B99"]) {
    addon.view.ranges = [above];
    assert.deepEqual(rows(value(addon.rpc("detectSelection"))), [2, 5, false], above);
  }
  addon.view.ranges = ["A4:C4"];
  assert.deepEqual(rows(value(addon.rpc("getStart")).selection), [4, 4, true], "several cells of one row mean it, too");
  addon.view.ranges = ["A1:C1"];
  assert.deepEqual(rows(value(addon.rpc("detectSelection"))), [2, 5, false]);
  assert.deepEqual(value(addon.rpc("allRows", "Leads")), { first_row: 2, last_row: 5 });
});

test("rows that lie apart are no rows of a run: all are suggested, and a trial can take just these", { skip }, () => {
  addon.view.ranges = ["A3:C3", "A5:C900"];
  const { selection } = value(addon.rpc("getStart"));
  assert.deepEqual([selection.first_row, selection.last_row, selection.selected], [2, 5, false]);
  assert.deepEqual(value(addon.rpc("detectSelection")).parts, [
    { first_row: 3, last_row: 3 },
    { first_row: 5, last_row: 5 },
  ]);
});

test("URLs are counted only where all rows were looked at", { skip }, async () => {
  assert.equal(value(addon.rpc("detectSelection")).all_counted, true);
  await addon.emulator.type("Leads!A300", [["far below"]]);
  assert.equal(value(addon.rpc("detectSelection")).all_counted, false);
  await addon.emulator.type("Leads!A300", [[""]]);
});

test("an own field is checked with people of the chosen rows, and nobody is looked up", { skip }, async () => {
  const checked = { header: "Skill", problem: "", person: "Ada", example: "Python" };
  await addon.backend.answers({ "POST /v1/field-checks": { body: checked } });
  assert.deepEqual(value(addon.rpc("checkField", { ...CHOICE, last_row: 3 }, "Skill=skills[0]")), checked);
  const [call, ...others] = await addon.backend.calls();
  assert.deepEqual(call.body, { field: "Skill=skills[0]", urls: [URL_OF("ada"), URL_OF("bob")] });
  assert.deepEqual(others, []);
});

test("sets of fields are kept for oneself and for everybody here, within what Google keeps", { skip }, () => {
  assert.deepEqual(value(addon.rpc("listFieldSets")), { own: [], team: [] });
  value(addon.rpc("keepFieldSet", "own", "Mine", ["email"]));
  value(addon.rpc("keepFieldSet", "team", "Ours", ["title"]));
  const sets = value(addon.rpc("keepFieldSet", "own", "Mine", ["email", "size"]));
  assert.deepEqual(sets, {
    own: [{ name: "Mine", fields: ["email", "size"] }],
    team: [{ name: "Ours", fields: ["title"] }],
  });
  const long = Array.from({ length: 100 }, (_, i) => `${i}=${"x".repeat(100)}`);
  assert.match(addon.rpc("keepFieldSet", "team", "Long", long).problem.sentence, /No more sets can be kept here/);
  value(addon.rpc("keepFieldSet", "team", "Ours", []));
  assert.deepEqual(value(addon.rpc("keepFieldSet", "own", "Mine", [])), { own: [], team: [] });
});

const link = (uri) => ({ textFormat: { link: { uri } } });
const named = (stringValue, more = {}) => ({ userEnteredValue: { stringValue }, ...more });

/** Writes cells from a place on, counted from 0, and gives back what clears them. */
async function put(rowIndex, columnIndex, rows) {
  const { sheetId } = addon.emulator;
  const start = { sheetId, rowIndex, columnIndex };
  await addon.emulator.change({ updateCells: { start, rows: rows.map((values) => ({ values })), fields: "*" } });
  const size = { endRowIndex: rowIndex + rows.length, endColumnIndex: columnIndex + rows[0].length };
  const range = { sheetId, startRowIndex: rowIndex, startColumnIndex: columnIndex, ...size };
  return () => addon.emulator.change({ updateCells: { range, fields: "*" } });
}

test("names that link to people are found, whatever kind of link it is", { skip }, async () => {
  const links = [
    named("Ada", { userEnteredFormat: link(URL_OF("ada")) }),
    named("Bob, CTO", { textFormatRuns: [{ format: link(URL_OF("bob")).textFormat }, { startIndex: 3 }] }),
    { userEnteredValue: { formulaValue: `=HYPERLINK("${URL_OF("cy")}","Cy")` } },
    named("Di", { userEnteredFormat: link(`https://www.google.com/url?q=${encodeURIComponent(URL_OF("di"))}`) }),
  ];
  const clear = await put(1, 3, [[links[0]], [links[1]], [links[2]], [links[3]]]);
  assert.deepEqual(value(addon.rpc("detectSelection")).columns[3], { column: "D", title: "", urls: 4 });
  await clear();
});

test("a column of people goes before one of companies, also where that is further left", { skip }, async () => {
  const companies = ["Company", ...["w", "x", "y", "z"].map((name) => `https://www.linkedin.com/company/${name}`)];
  const before = await addon.emulator.values("Leads!A1:A5");
  await addon.emulator.type(
    "Leads!A1:A5",
    companies.map((cell) => [cell]),
  );
  const { columns, url_column } = value(addon.rpc("detectSelection"));
  assert.deepEqual([columns[0].urls, columns[1].urls, url_column], [0, 4, "B"]);
  await addon.emulator.type("Leads!B2:B5", [["n/a"], [""], [""], [""]]);
  assert.equal(value(addon.rpc("detectSelection")).url_column, null, "a company's page is nobody's profile");
  await addon.emulator.type(
    "Leads!B2:B5",
    ["ada", "bob", "cy", "di"].map((name) => [URL_OF(name)]),
  );
  await addon.emulator.type("Leads!A1:A5", before);
});

test("titles are read where the header is: below a title, and in frozen rows", { skip }, async () => {
  const { sheetId } = addon.emulator;
  const rows = { sheetId, dimension: "ROWS", startIndex: 0, endIndex: 2 };
  await addon.emulator.change({ insertDimension: { range: rows } });
  await addon.emulator.type("Leads!A1", [["Leads of spring"]]);
  const told = () => {
    const { columns, first_row } = value(addon.rpc("detectSelection"));
    return [columns.map(({ title }) => title), first_row];
  };
  assert.deepEqual(told(), [["Name", "Profile", "Notes"], 4]);
  const freeze = (frozenRowCount) => {
    const properties = { sheetId, gridProperties: { frozenRowCount } };
    return addon.emulator.change({ updateSheetProperties: { properties, fields: "gridProperties.frozenRowCount" } });
  };
  await addon.emulator.type("Leads!B1", [["Ours"]]);
  assert.deepEqual(told(), [["Leads of spring", "Ours", ""], 2]);
  await freeze(3);
  assert.deepEqual(told(), [["Name", "Profile", "Notes"], 4]);
  await freeze(0);
  await addon.emulator.change({ deleteDimension: { range: rows } });
});

test("a plan asks with the range in A1, and its fields are remembered for the tab until they are forgotten", {
  skip,
}, async () => {
  await addon.backend.answers({ "POST /v1/plan": { body: { rows: 4 } } });
  const made = value(addon.rpc("planRun", CHOICE));
  assert.equal(made.plan.rows, 4);
  assert.match(made.idempotency_key, /^[0-9a-f-]{36}$/);
  assert.deepEqual((await addon.backend.calls())[0].body, {
    spreadsheet_id: addon.emulator.id,
    range: "Leads!B2:B5",
    fields: ["email"],
    header: "auto",
    write: "empty",
    placement: "reuse",
    columns: { email: { column: "D", title: "Mine" } },
    include_hidden: false,
    retry_in_doubt: false,
  });
  assert.deepEqual(value(addon.rpc("getStart")).remembered, { fields: ["email"], write: "empty", placement: "reuse" });
  value(addon.rpc("forgetChoices"));
  assert.equal(value(addon.rpc("getStart")).remembered, null);
});

test("a plan that was refused is not remembered", { skip }, async () => {
  const body = { type: "urn:leadfill:problem:bad-range", detail: "One column, please." };
  await addon.backend.answers({ "POST /v1/plan": { status: 400, body } });
  assert.equal(addon.rpc("planRun", CHOICE).problem.sentence, "One column, please.");
  assert.equal(value(addon.rpc("getStart")).remembered, null);
});

test("a name that A1 cannot hold bare is quoted", { skip }, () => {
  assert.equal(addon.inside("rangeOf_", { ...CHOICE, sheet: "Bob's leads" }), "'Bob''s leads'!B2:B5");
  assert.equal(addon.inside("rangeOf_", { ...CHOICE, first_row: 1 }), "Leads!B1:B5");
});

test("a start carries the ceiling that was confirmed and the key of that confirmation", { skip }, async () => {
  await addon.backend.answers({ "POST /v1/jobs": { status: 202, body: JOB } });
  assert.deepEqual(value(addon.rpc("startJob", CHOICE, { slintel: "42" }, "id-of-the-plan", "key-of-the-plan")), JOB);
  const [{ headers, body }] = await addon.backend.calls();
  assert.equal(headers["idempotency-key"], "key-of-the-plan");
  assert.deepEqual(body.max_credits, { slintel: "42" });
  assert.equal(body.plan_id, "id-of-the-plan");
  assert.match(headers["x-sheets-access-token"], /^access-token-of-/);
});

test("cancel, retry, undo and fresh access each call their address", { skip }, async () => {
  const paths = ["cancel", "retry", "undo", "access"].map((verb) => `POST /v1/jobs/j1/${verb}`);
  await addon.backend.answers(Object.fromEntries(paths.map((path) => [path, { body: JOB }])));
  value(addon.rpc("cancelJob", "j1"));
  value(addon.rpc("retryJob", "j1", true, { slintel: "7" }, "key-of-the-retry"));
  value(addon.rpc("undoJob", "j1"));
  value(addon.rpc("giveAccess", "j1"));
  const calls = await addon.backend.calls();
  assert.deepEqual(
    calls.map(({ name }) => name),
    paths,
  );
  assert.deepEqual(calls[1].body, { retry_in_doubt: true, max_credits: { slintel: "7" } });
  assert.equal(calls[1].headers["idempotency-key"], "key-of-the-retry", "which a retry of a colleague's run needs");
});

test("each plan of a retry brings a key of its own", { skip }, async () => {
  const plans = { without_doubts: {}, with_doubts: {} };
  await addon.backend.answers({ "GET /v1/jobs/j1/retry": { body: plans } });
  const [one, other] = [value(addon.rpc("planRetry", "j1")), value(addon.rpc("planRetry", "j1"))];
  assert.deepEqual(one.plans, plans);
  assert.notEqual(one.idempotency_key, other.idempotency_key);
});

test("the jobs of this spreadsheet are listed", { skip }, async () => {
  await addon.backend.answers({ "GET /v1/jobs": { body: { jobs: [JOB] } } });
  assert.deepEqual(value(addon.rpc("listJobs")), [JOB]);
  assert.equal((await addon.backend.calls())[0].path, `/v1/jobs?spreadsheet_id=${addon.emulator.id}`);
});

test("the catalogue is asked for once, whoever opens the sidebar", { skip }, async () => {
  await addon.backend.answers({ "GET /v1/fields": { body: { fields: [], presets: [] } } });
  value(addon.rpc("listFields"));
  value(addon.rpc("listFields"));
  assert.equal((await addon.backend.calls()).length, 1);
});

test("an outcome selects its rows where they are now, also after the sheet was sorted", { skip }, async () => {
  const report = (row, name, detail) => ({ row, linkedin_url: URL_OF(name), outcome: "failed", detail });
  const rows = "GET /v1/jobs/j1/rows?outcome=failed";
  await addon.backend.answers({
    "GET /v1/jobs/j1": { body: { ...JOB, range: "Leads!B2:B5" } },
    [rows]: { body: { rows: [report(2, "ada", "Status 500.")], next_page_token: "1" } },
    [`${rows}&page_token=1`]: { body: { rows: [report(3, "bob", "Status 500.")], next_page_token: null } },
  });
  const range = {
    sheetId: addon.emulator.sheetId,
    startRowIndex: 1,
    endRowIndex: 5,
    startColumnIndex: 0,
    endColumnIndex: 3,
  };
  const sorted = (sortOrder) => ({ sortRange: { range, sortSpecs: [{ dimensionIndex: 0, sortOrder }] } });
  await addon.emulator.change(sorted("DESCENDING"));
  const picked = value(addon.rpc("selectRows", "j1", FAILED, ""));
  assert.deepEqual(picked, { selected: 2, next_page: null, details: [{ detail: "Status 500.", rows: 2 }] });
  assert.deepEqual(plain(addon.view.ranges), ["A4:C5"]);
  assert.equal(value(addon.rpc("selectRows", "j1", { ...FAILED, detail: "Status 404." }, "")).selected, 0);
  assert.equal(value(addon.rpc("selectRows", "j1", FAILED, "1")).selected, 1, "the second page alone");
  await addon.emulator.change(sorted("ASCENDING"));
});

test("an outcome selects a row whose name links to its person, also after the sheet was sorted", { skip }, async () => {
  const report = { row: 2, linkedin_url: URL_OF("ada"), outcome: "failed", detail: "" };
  await addon.backend.answers({
    "GET /v1/jobs/j1": { body: { ...JOB, range: "Leads!B2:B5" } },
    "GET /v1/jobs/j1/rows?outcome=failed": { body: { rows: [report], next_page_token: null } },
  });
  await put(4, 1, [[named("Ada", { userEnteredFormat: link(URL_OF("ada")) })]]);
  await addon.emulator.type("Leads!B2", [["somebody else"]]);
  assert.equal(value(addon.rpc("selectRows", "j1", FAILED, "")).selected, 1);
  assert.deepEqual(plain(addon.view.ranges), ["A5:C5"]);
  await put(1, 1, [[named(URL_OF("ada"))]]);
  await put(4, 1, [[named(URL_OF("di"))]]);
});

test("each row of an outcome is selected where its person stands now, however the address is written", { skip }, () => {
  const report = (row, slug) => ({
    row,
    linkedin_url: `http://www.linkedin.com/in/${slug}`,
    outcome: "failed",
    detail: "",
  });
  const now = (reports, ...cells) => {
    const people = ["LinkedIn", ...cells].map((cell) => addon.inside("personOf_", [cell].flat()));
    return plain(addon.inside("rowsNow_", reports, people));
  };
  const twice = [report(2, "ada"), report(3, "ada")];
  assert.deepEqual(now(twice, URL_OF("bob"), URL_OF("ada"), URL_OF("ada")), [3, 4]);
  assert.deepEqual(now(twice, URL_OF("ada"), URL_OF("bob"), URL_OF("ada")), [2, 4]);
  assert.deepEqual(now([report(2, "jos%C3%A9")], URL_OF("bob"), URL_OF("Jos\u0065\u0301")), [3]);
  const redirect = `https://www.google.com/url?q=${encodeURIComponent(URL_OF("ada"))}&sa=D`;
  assert.deepEqual(now([report(2, "ada")], URL_OF("bob"), ["Ada", redirect]), [3]);
  assert.deepEqual(now([report(2, "ada")], URL_OF("bob"), ""), [], "her row was deleted, and Bob's is not hers");
  assert.deepEqual(
    now([report(2, "ada-b-12")], "linkedin.com/pub/ada-b/12/34/56"),
    [2],
    "one that cannot be read here",
  );
});

test("rows without a value are selected, whatever is chosen of them", { skip }, async () => {
  const report = { row: 3, linkedin_url: URL_OF("bob"), outcome: "enriched", detail: "" };
  const rows = "GET /v1/jobs/j1/rows?without=Skill%3Dskills%5B0%5D";
  await addon.backend.answers({
    "GET /v1/jobs/j1": { body: { ...JOB, range: "Leads!B2:B5" } },
    [rows]: { body: { rows: [report], next_page_token: null } },
  });
  const wanted = { outcome: null, without: "Skill=skills[0]", detail: null };
  assert.deepEqual(value(addon.rpc("selectRows", "j1", wanted, "")), { selected: 1, next_page: null, details: [] });
  assert.deepEqual(plain(addon.view.ranges), ["A3:C3"]);
});

test("unusable rows are counted anew when they are selected: the sheet may have been sorted since", {
  skip,
}, async () => {
  const plan = {
    unusable_rows: { short_link: [5], empty: [900, 3, 2] },
    unusable_reasons: { short_link: 1, empty: 3 },
  };
  await addon.backend.answers({
    "GET /v1/jobs/j1": { body: { ...JOB, range: "Leads!B2:B5", fields: ["email"] } },
    "POST /v1/plan": { body: plan },
  });
  const unusable = { outcome: "unusable", without: null, detail: null };
  const details = [
    { detail: "empty", rows: 3 },
    { detail: "short_link", rows: 1 },
  ];
  assert.deepEqual(value(addon.rpc("selectRows", "j1", unusable, "")), { selected: 3, next_page: null, details });
  assert.deepEqual(plain(addon.view.ranges), ["A2:C3", "A5:C5"]);
  assert.equal(value(addon.rpc("selectRows", "j1", { ...unusable, detail: "short_link" }, "")).selected, 1);
  assert.equal(value(addon.rpc("selectUnusable", CHOICE, "empty")), 2);
  assert.deepEqual(plain(addon.view.ranges), ["A2:C3"]);
  const [, { body }, , , { body: chosen }] = await addon.backend.calls();
  assert.deepEqual(body, {
    spreadsheet_id: addon.emulator.id,
    range: "Leads!B2:B5",
    fields: ["email"],
    header: "no",
    placement: "end",
  });
  assert.deepEqual(chosen.fields, CHOICE.fields);
});

test("rows of a tab that was renamed cannot be shown, and that is said", { skip }, async () => {
  await addon.backend.answers({
    "GET /v1/jobs/j1": { body: { ...JOB, range: "Gone!B2:B5" } },
    "GET /v1/jobs/j1/rows": { body: { rows: [], next_page_token: null } },
  });
  assert.match(addon.rpc("selectRows", "j1", FAILED, "").problem.sentence, /renamed or deleted/);
});

const TOKENS = "POST /v1/formula-tokens";
const DAY_MS = 86_400_000;
const dayFromNow = (days) => new Date(Date.now() + days * DAY_MS).toISOString();
const token = (id, changes = {}) => ({
  token: `text of ${id}`,
  token_id: id,
  maker: "you@example.com",
  issued_at: dayFromNow(0),
  expires_at: dayFromNow(14),
  ...changes,
});
/** Presses Connect where the backend answers with this token. */
const connect = async (made) => {
  await addon.backend.answers({ [TOKENS]: { status: 201, body: made } });
  const connection = value(addon.rpc("connectFormulas"));
  await addon.backend.forget();
  await addon.backend.answers({ [TOKENS]: { status: 201, body: token("renewed") } });
  return connection;
};

test("the sidebar connects a spreadsheet that nobody has connected, and formulas ask with that token", {
  skip,
}, async () => {
  await addon.backend.answers({ [TOKENS]: { status: 201, body: token("t1") } });
  assert.equal(value(addon.rpc("getSettings")).formulas.connected, false);
  const { connected, maker } = value(addon.rpc("keepFormulasConnected"));
  assert.deepEqual([connected, maker], [true, "you@example.com"]);
  value(addon.rpc("keepFormulasConnected"));
  assert.equal((await addon.backend.calls()).length, 1);
  addon.enrich("in/z", "email");
  assert.equal((await addon.backend.calls())[1].headers.authorization, "Bearer text of t1");
});

for (const [what, made, renewed] of [
  ["one's own token of today", token("t"), false],
  ["one's own token of two days ago", token("t", { issued_at: dayFromNow(-2) }), true],
  ["one's own token that has expired", token("t", { issued_at: dayFromNow(-20), expires_at: dayFromNow(-6) }), true],
  ["a colleague's token of two days ago", token("t", { maker: "ann@example.com", issued_at: dayFromNow(-2) }), false],
  [
    "a colleague's token that has expired",
    token("t", { maker: "ann@example.com", issued_at: dayFromNow(-20), expires_at: dayFromNow(-6) }),
    false,
  ],
]) {
  test(`an opened sidebar ${renewed ? "renews" : "leaves"} ${what}`, { skip }, async () => {
    await connect(made);
    assert.equal(value(addon.rpc("keepFormulasConnected")).token_id, renewed ? "renewed" : "t");
    assert.equal((await addon.backend.calls()).length, renewed ? 1 : 0);
  });
}

test("what was revoked stays so when the sidebar opens, and until somebody connects formulas again", {
  skip,
}, async () => {
  await connect(token("t2", { issued_at: dayFromNow(-2) }));
  await addon.backend.answers({ "DELETE /v1/formula-tokens/t2": { status: 204 } });
  assert.equal(value(addon.rpc("revokeFormulaToken", "t2")).connected, false);
  const [call] = await addon.backend.calls();
  assert.equal(call.headers["x-sheets-access-token"], "access-token-of-you@example.com");
  assert.equal(value(addon.rpc("keepFormulasConnected")).connected, false);
  assert.match(addon.enrich("in/revoked", "email"), /^⚠ .*Leadfill › Settings/);
  assert.equal((await addon.backend.calls()).length, 1, "nothing was asked with it, nor was it renewed");
  assert.equal((await connect(token("t3"))).connected, true);
});

test("revoking a token that formulas do not use leaves them connected", { skip }, async () => {
  await connect(token("t4"));
  await addon.backend.answers({ "DELETE /v1/formula-tokens/old": { status: 204 } });
  assert.deepEqual(value(addon.rpc("revokeFormulaToken", "old")).connected, true);
});

test("a refused revocation leaves the connection as it is", { skip }, async () => {
  await connect(token("t5"));
  const body = { type: "urn:leadfill:problem:not-found", detail: "There is no such formula token." };
  await addon.backend.answers({ "DELETE /v1/formula-tokens/t5": { status: 404, body } });
  assert.equal(addon.rpc("revokeFormulaToken", "t5").problem.sentence, "There is no such formula token.");
  assert.equal(value(addon.rpc("getSettings")).formulas.connected, true);
});

test("the tokens of this spreadsheet are listed with the person's own access to it", { skip }, async () => {
  const entry = { token_id: "t", maker: "ann@example.com", issued_at: "", expires_at: "", yours: false };
  await addon.backend.answers({ "GET /v1/formula-tokens": { body: { tokens: [entry] } } });
  assert.deepEqual(value(addon.rpc("listFormulaTokens")), [entry]);
  const [call] = await addon.backend.calls();
  assert.equal(call.path, `/v1/formula-tokens?spreadsheet_id=${addon.emulator.id}`);
  assert.equal(call.headers["x-sheets-access-token"], "access-token-of-you@example.com");
});

test("settings name the person, the server's host, this script's client id and the tab, without a call", {
  skip,
}, async () => {
  const settings = value(addon.rpc("getSettings"));
  assert.deepEqual([settings.email, settings.sheet, settings.remembered], ["you@example.com", "Leads", false]);
  assert.equal(settings.backend, new URL(addon.backend.url).host);
  assert.equal(settings.client_id, "this-script");
  assert.deepEqual(await addon.backend.calls(), []);
});

test("a frozen formula leaves what it showed, text as text; one without a value stays a formula", {
  skip,
}, async () => {
  await addon.emulator.type("Leads!D2:D5", [
    ['=ENRICH(B2,"size")'],
    ['=ENRICH(B3,"size")'],
    ['=ENRICH(B4,"size")'],
    ["=1+1"],
  ]);
  await addon.emulator.computed("Leads!D2:D4", [["1-10"], ["=2+2"], ["Loading…"]]);
  addon.host.run("menu", "freezeFormulas");
  assert.deepEqual(await addon.emulator.values("Leads!D2:D5", "FORMULA"), [
    ["1-10"],
    ["=2+2"],
    ['=ENRICH(B4,"size")'],
    ["=1+1"],
  ]);
  const { what, details } = addon.host.shown.at(-1);
  assert.equal(what, "toast");
  assert.match(
    details.message,
    /2 formulas on this sheet are values now\. 1 formula shows no value yet and was left\./,
  );
});

test("freezing a selection leaves formulas outside of it alone", { skip }, async () => {
  await addon.emulator.type("Leads!E2:E3", [['=ENRICH(B2,"email")'], ['=ENRICH(B3,"email")']]);
  await addon.emulator.computed("Leads!E2:E3", [["a@x.test"], ["b@x.test"]]);
  addon.view.ranges = ["E2:F2"];
  addon.host.run("menu", "freezeFormulas");
  assert.deepEqual(await addon.emulator.values("Leads!E2:E3", "FORMULA"), [["a@x.test"], ['=ENRICH(B3,"email")']]);
});

test("freezing never deletes a formula that shows an error, whichever it is and however it is wrapped", {
  skip,
}, async () => {
  const shown = ["#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#NV", "#FEHLER!", "Title: ⚠ Not now.", "LOADING…"];
  const formulas = shown.map((_, i) => [`="x"&ENRICH(B${i + 2},"title")`]);
  await addon.emulator.type("Leads!H2:H9", formulas);
  await addon.emulator.computed(
    "Leads!H2:H9",
    shown.map((text) => [text]),
  );
  await addon.emulator.type("Leads!I2", [['=ENRICH(B2,"title")']]);
  await addon.emulator.computed("Leads!I2", [["Loading Dock Manager"]]);
  addon.view.ranges = ["H2:I9"];
  addon.host.run("menu", "freezeFormulas");
  assert.deepEqual(await addon.emulator.values("Leads!H2:H9", "FORMULA"), formulas);
  assert.deepEqual(await addon.emulator.values("Leads!I2", "FORMULA"), [["Loading Dock Manager"]]);
  await addon.emulator.type(
    "Leads!H2:I9",
    shown.map(() => ["", ""]),
  );
});

test("recalculating puts formulas without a value in anew, and no other", { skip }, async () => {
  await addon.emulator.type("Leads!F2:F3", [['=ENRICH(B2,"title")'], ['=ENRICH(B3,"title")']]);
  await addon.emulator.computed("Leads!F2:F3", [["⚠ Not now."], ["Founder"]]);
  const waiting = (await addon.emulator.values("Leads!D4:F5", "FORMULA")).flat().length;
  assert.ok(waiting > 0);
  assert.ok(value(addon.rpc("recalculateFormulas")).formulas >= 1);
  assert.deepEqual(await addon.emulator.values("Leads!F2:F3", "FORMULA"), [
    ['=ENRICH(B2,"title")'],
    ['=ENRICH(B3,"title")'],
  ]);
  assert.equal((await addon.emulator.values("Leads!F3"))[0][0], "Founder");
});

test("a formula for the choice goes into free cells, with its headers above", { skip }, async () => {
  await addon.backend.answers({ "POST /v1/plan": { body: { lookups: 4 } } });
  const choice = { ...CHOICE, fields: ["email", 'Skills=join(", ", skills)'] };
  const { formula, cell } = value(addon.rpc("suggestFormula", choice));
  assert.equal(formula, '=ENRICH(B2:B5, "email, Skills=join("", "", skills)")');
  const refused = addon.rpc("insertFormula", choice, "B2", ["Email", "Skills"]);
  assert.match(refused.problem.sentence, /Cells in B2:C5 hold something/);
  assert.match(addon.rpc("insertFormula", choice, "B2:C9", ["Email"]).problem.sentence, /Name one cell/);
  const filled = value(addon.rpc("insertFormula", choice, cell, ["Email", "Skills"]));
  assert.match(filled, new RegExp(`^${cell}:[A-Z]+5$`));
  assert.equal((await addon.emulator.values(`Leads!${cell}`, "FORMULA"))[0][0], formula);
  const above = filled.replace(/2(?=:)/, "1").replace(/5$/, "1");
  assert.deepEqual(await addon.emulator.values(`Leads!${above}`), [["Email", "Skills"]]);
  await addon.emulator.type(`Leads!${filled}`, [
    ["", ""],
    ["", ""],
    ["", ""],
    ["", ""],
  ]);
  assert.match(addon.rpc("suggestFormula", { ...choice, last_row: 20_000 }).problem.sentence, /10,000 rows/);
});

test("the price of a formula is that of everybody in its rows, whatever a run over them would leave out", {
  skip,
}, async () => {
  await addon.backend.answers({ "POST /v1/plan": { body: { lookups: 4 } } });
  const only_where = [{ test: "empty", column: "D", title: null, values: [] }];
  const trial = { rows: 10, take: "spread", numbers: [] };
  const choice = { ...CHOICE, only_where, trial, providers: ["prospeo"], needs: ["email"], go_on_without: true };
  assert.equal(value(addon.rpc("suggestFormula", choice)).lookups, 4);
  const [{ body }] = await addon.backend.calls();
  assert.deepEqual(body, {
    spreadsheet_id: addon.emulator.id,
    range: "Leads!B2:B5",
    fields: ["email"],
    header: "auto",
    write: "all",
    placement: "end",
    columns: {},
    include_hidden: true,
  });
  assert.equal(value(addon.rpc("getStart")).remembered.write, "empty", "what was chosen is remembered");
  value(addon.rpc("forgetChoices"));
});

test("the menu makes waiting formulas of every tab calculate, and says how many", { skip }, async () => {
  await addon.emulator.computed("Leads!F2", [["Loading…"]]);
  addon.host.run("menu", "calculateWaitingFormulas");
  const { what, details } = addon.host.shown.at(-1);
  assert.equal(what, "toast");
  assert.match(details.message, /^\d+ formulas? without a value calculates? again\.$/);
  assert.equal((await addon.emulator.values("Leads!F2", "FORMULA"))[0][0], '=ENRICH(B2,"title")');
  assert.notEqual((await addon.emulator.values("Leads!F2"))[0]?.[0], "Loading…");
});

test("the block of a formula is told from its arguments", { skip }, async () => {
  await addon.emulator.type("Leads!H2", [['=ENRICH(B2:B5, "email, title", "–")']]);
  await addon.emulator.computed("Leads!H2", [["x"]]);
  const { globals } = addon.host.execution("menu");
  const sheet = globals.SpreadsheetApp.getActiveSpreadsheet().getActiveSheet();
  const block = globals.formulaBlocks_(sheet, globals.listWidths_).find(({ column }) => column === 8);
  assert.deepEqual([block.row, block.rows], [2, 4]);
  const list = 'email, Skills=join(", ", skills)';
  await addon.backend.answers({
    "POST /v1/field-lists": { body: { lists: [["email", 'Skills=join(", ", skills)']] } },
  });
  assert.deepEqual(plain([...globals.listWidths_([list, "email", list])]), [[list, 2]]);
  const [, fields] = globals.enrichArguments_(`=ENRICH(A1, "${list.replaceAll('"', '""')}")`);
  assert.equal(globals.literal_(fields), list);
  const args = (formula) => plain(globals.enrichArguments_(formula));
  assert.deepEqual(args('=IF(A1="", "", ENRICH(A1, {"email","title"}, "a,b"))'), ["A1", '{"email","title"}', '"a,b"']);
  assert.equal(args('="call ENRICH(A1)"'), null);
  assert.equal(args("=MYENRICH(A1)"), null);
});
