import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { startAddon, TOKEN } from "./addon.mjs";

/** @type {Awaited<ReturnType<typeof startAddon>>} */
let addon;
before(async () => {
  addon = await startAddon();
});
afterEach(() => addon.backend.forget());
after(() => addon.close());

const plain = (value) => JSON.parse(JSON.stringify(value));
const problem = (status, slug, detail) => ({
  "POST /v1/formula": {
    status,
    type: "application/problem+json",
    body: { type: `urn:leadfill:problem:${slug}`, title: "No", status, detail },
  },
});

test("one cell asks for one person, with the spreadsheet's token and id and nothing of who is asking", async () => {
  assert.deepEqual(plain(addon.enrich("in/ada", "email")), [["in/ada.email"]]);
  const [call] = await addon.backend.calls();
  assert.equal(call.name, "POST /v1/formula");
  assert.equal(call.headers.authorization, "Bearer formula-token");
  assert.equal(call.headers["x-spreadsheet-id"], "spreadsheet");
  const { deadline, ...asked } = call.body;
  assert.ok(deadline);
  assert.deepEqual(asked, { urls: [["in/ada"]], fields: ["email"], if_missing: "" });
  for (const secret of ["x-sheets-access-token", "x-serverless-authorization"])
    assert.equal(call.headers[secret], undefined);
});

test("ten recalculations make one call", async () => {
  const first = plain(addon.enrich([["in/ten"]], "email, title"));
  for (let i = 0; i < 9; i++) assert.deepEqual(plain(addon.enrich([["in/ten"]], "email, title")), first);
  assert.equal((await addon.backend.calls()).length, 1);
});

test("a range is one call, spills a row for each URL, and does not send the blanks below", async () => {
  const column = [["in/a"], [""], ["in/b"], [""], [""]];
  assert.deepEqual(plain(addon.enrich(column, "email, title")), [
    ["in/a.email", "in/a.title"],
    [".email", ".title"],
    ["in/b.email", "in/b.title"],
  ]);
  const calls = await addon.backend.calls();
  assert.equal(calls.length, 1);
  assert.deepEqual(calls[0].body.urls, [["in/a"], [""], ["in/b"]]);
});

test("a range of headers gives a column a header, and keeps the column of an empty header free", async () => {
  const values = addon.enrich([["in/h"]], [["Email", "", "Company size", ""]]);
  assert.deepEqual(plain(values), [["in/h.Email", "", "in/h.Company size"]]);
  assert.deepEqual((await addon.backend.calls())[0].body.fields, ["Email", "Company size"]);
});

test("five hundred formulas are five hundred calls at first, and none when all of them calculate again", async () => {
  for (let i = 0; i < 500; i++) addon.enrich(`in/person-${i}`, "email");
  assert.equal((await addon.backend.calls()).length, 500);
  await addon.backend.forget();
  for (let i = 0; i < 500; i++) addon.enrich(`in/person-${i}`, "email");
  assert.equal((await addon.backend.calls()).length, 0);
});

test("what to show for a missing value goes along, and another one is another question", async () => {
  addon.enrich("in/m", "email", "–");
  addon.enrich("in/m", "email", "none");
  assert.deepEqual(
    (await addon.backend.calls()).map(({ body }) => body.if_missing),
    ["–", "none"],
  );
});

test("a list of fields goes to the backend as it stands, which knows where it is cut", async () => {
  const list = "email; Skills=join(', ', skills[0:2]), 'title'";
  addon.enrich("in/x", list);
  assert.deepEqual((await addon.backend.calls())[0].body.fields, [list]);
});

test("what is still looked up shows as loading, and is asked for again", async () => {
  await addon.backend.answers({ "POST /v1/formula": { body: { values: [["a@b.c"], [null]], pending: 1 } } });
  const urls = [["in/p"], ["in/q"]];
  assert.deepEqual(plain(addon.enrich(urls, "email")), [["a@b.c"], ["Loading…"]]);
  await addon.backend.answers({ "POST /v1/formula": { body: { values: [["a@b.c"], ["d@e.f"]], pending: 0 } } });
  assert.deepEqual(plain(addon.enrich(urls, "email")), [["a@b.c"], ["d@e.f"]]);
  assert.equal((await addon.backend.calls()).length, 2);
});

test("the backend is told when the formula can wait no longer, well before Sheets ends it", async () => {
  const before = Date.now();
  addon.enrich("in/p", "email");
  const after = Date.now(); // On a busy machine seconds later.
  const deadline = Date.parse((await addon.backend.calls())[0].body.deadline);
  assert.ok(deadline >= before + 20_000, `${deadline - before} ms after the formula began`);
  assert.ok(deadline < after + 28_000, `${deadline - after} ms after it ended`);
});

test("a call that took all the time there was is still loading; one that failed at once says so", async (t) => {
  await addon.backend.answers({ "POST /v1/formula": { hangUp: true } });
  assert.match(addon.enrich("in/late", "email"), /^⚠ Leadfill's server cannot be reached/);
  let asked = 0;
  t.mock.method(Date, "now", () => 1_770_000_000_000 + (asked++ === 0 ? 0 : 25_900)); // A look, and the time is over.
  assert.equal(addon.enrich("in/late", "email"), "Loading…");
});

test("a block larger than one cache entry comes back whole from the cache", async () => {
  const urls = Array.from({ length: 3000 }, (_, i) => [`in/${"long-".repeat(6)}${i}`]);
  const first = plain(addon.enrich(urls, "email"));
  assert.deepEqual(plain(addon.enrich(urls, "email")), first);
  assert.equal((await addon.backend.calls()).length, 1);
});

test("every refusal is the backend's sentence as text in the cell, never an exception, and is not kept", async () => {
  await addon.backend.answers(problem(400, "unknown-field", "There is no field “emial”; the nearest is “email”."));
  assert.equal(addon.enrich("in/e", "emial"), "⚠ There is no field “emial”; the nearest is “email”.");
  await addon.backend.answers(problem(401, "unauthenticated", "Sign in first."));
  assert.match(addon.enrich("in/e", "email"), /^⚠ .*Leadfill › Settings/);
  await addon.backend.answers({ "POST /v1/formula": { status: 502, type: "text/html", body: "<h1>Bad gateway</h1>" } });
  assert.equal(
    addon.enrich("in/e", "email"),
    "⚠ Leadfill's server has a problem at the moment. Wait a minute and try again.",
  );
  await addon.backend.answers({ "POST /v1/formula": { hangUp: true } });
  assert.match(addon.enrich("in/e", "email"), /^⚠ Leadfill's server cannot be reached/);
  await addon.backend.forget();
  assert.deepEqual(plain(addon.enrich("in/e", "email")), [["in/e.email"]]);
});

test("a formula that meets the renewal of its token asks once more with the new one", async (t) => {
  const fresh = await startAddon();
  t.after(() => fresh.close());
  const refusal = { status: 401, body: { type: "urn:leadfill:problem:unauthenticated", detail: "Ended." } };
  await fresh.backend.answers({ "POST /v1/formula": refusal });
  assert.match(fresh.enrich("in/r", "email"), /^⚠ Formulas may no longer ask/);
  assert.equal((await fresh.backend.calls()).length, 1, "the same token is not tried again");
  await fresh.backend.forget();
  await fresh.backend.answers({ "POST /v1/formula": { ...refusal, once: true } });
  fresh.storeTokenAfterNextCall({ ...TOKEN, token: "renewed-token", token_id: "t1" });
  assert.deepEqual(plain(fresh.enrich("in/r", "email")), [["in/r.email"]]);
  assert.deepEqual(
    (await fresh.backend.calls()).map(({ headers }) => headers.authorization),
    ["Bearer formula-token", "Bearer renewed-token"],
  );
});

test("a failed lookup is kept for a minute, anything else for as long as the cache keeps", async () => {
  addon.cached.length = 0;
  await addon.backend.answers({
    "POST /v1/formula": { body: { values: [["⚠ No answer came."], ["a@b.c"]], pending: 0 } },
  });
  addon.enrich([["in/f1"], ["in/f2"]], "email");
  await addon.backend.answers({ "POST /v1/formula": { body: { values: [["a@b.c"]], pending: 0 } } });
  addon.enrich("in/f2", "email");
  assert.deepEqual(
    addon.cached.map(({ expires_in_s }) => expires_in_s),
    [60, 21600],
  );
});

test("without fields it says how to write them; without URLs it shows nothing; neither makes a call", async () => {
  assert.match(addon.enrich("in/a", ""), /^⚠ Which fields\?/);
  assert.equal(addon.enrich([[""], [""]], "email"), "");
  assert.equal(addon.enrich(undefined, "email"), "");
  assert.equal((await addon.backend.calls()).length, 0);
});

test("in a spreadsheet that was never connected it says what to open", async (t) => {
  const fresh = await startAddon({ connected: false });
  t.after(() => fresh.close());
  assert.match(fresh.enrich("in/a", "email"), /^⚠ Open Leadfill › Enrich…/);
  assert.equal((await fresh.backend.calls()).length, 0);
});
