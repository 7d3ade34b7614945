import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { startAddon } from "./addon.mjs";

/** @type {Awaited<ReturnType<typeof startAddon>>} */
let addon;
before(async () => {
  addon = await startAddon();
});
afterEach(() => addon.backend.forget());
after(() => addon.close());

const USAGE = { days: [], caps: [] };

/** Each problem of functions/errors.py that a request can end with. */
const PROBLEMS = [
  [400, "invalid-request"],
  [400, "bad-range"],
  [400, "not-a-profile"],
  [400, "unknown-field"],
  [401, "unauthenticated"],
  [403, "forbidden"],
  [403, "sheet-access-expired"],
  [404, "not-found"],
  [404, "sheet-gone"],
  [409, "conflict"],
  [409, "wrong-job-state"],
  [429, "cap-reached"],
  [500, "internal"],
  [502, "key-rejected"],
  [502, "quota-exhausted"],
  [502, "sheet"],
  [503, "sheet-busy"],
  [503, "store"],
];

for (const [status, slug] of PROBLEMS) {
  test(`the problem ${slug} reaches the sidebar as the backend's own sentence`, async () => {
    const detail = `What is wrong (${slug}), and what to do.`;
    const body = { type: `urn:leadfill:problem:${slug}`, title: "Title", status, detail };
    await addon.backend.answers({ "GET /v1/usage": { status, type: "application/problem+json", body } });
    assert.deepEqual({ ...addon.rpc("getUsage", 30).problem }, { sentence: detail, slug, status });
  });
}

/** Answers of something in front of the backend, and of a backend that is no Leadfill. */
const STRANGE = [
  [
    "an HTML page of a proxy",
    { status: 502, type: "text/html", body: "<html><h1>Bad Gateway</h1></html>" },
    /has a problem/,
  ],
  ["a login page", { status: 403, type: "text/html", body: "<!doctype html>" }, /did not let your Google account in/],
  [
    "a JSON error of another kind",
    { status: 401, body: { error: { message: "stack at line 5" } } },
    /did not let your/,
  ],
  ["too many requests", { status: 429, type: "text/plain", body: "Rate exceeded." }, /is busy/],
  ["nothing at that address", { status: 404, type: "text/html", body: "Not Found" }, /no Leadfill server/],
  ["a redirect", { status: 302, type: "text/html", body: "" }, /status 302/],
  ["success that is no JSON", { status: 200, type: "text/html", body: "<p>Welcome</p>" }, /status 200/],
  ["a problem without a sentence", { status: 500, body: { type: "urn:leadfill:problem:internal" } }, /has a problem/],
  ["a problem of a strange type", { status: 400, body: { type: "about:blank", detail: "secret" } }, /status 400/],
  ["no answer at all", { hangUp: true }, /cannot be reached/],
];

for (const [name, answer, sentence] of STRANGE) {
  test(`${name} becomes one sentence that says what to do`, async () => {
    await addon.backend.answers({ "GET /v1/usage": answer });
    const { ok, problem } = addon.rpc("getUsage", 30);
    assert.equal(ok, false);
    assert.match(problem.sentence, sentence);
    assert.match(problem.sentence, /[Aa]sk |[Tt]ry again|[Ww]ait/);
    assert.doesNotMatch(problem.sentence, /<|stack|secret/);
  });
}

test("a very long sentence is cut, so that it fits into a sidebar", async () => {
  const body = { type: "urn:leadfill:problem:invalid-request", detail: "x".repeat(5000) };
  await addon.backend.answers({ "GET /v1/usage": { status: 400, body } });
  assert.equal(addon.rpc("getUsage", 30).problem.sentence.length, 500);
});

test("every call shows who is asking, for Google's gate and for the backend itself", async () => {
  await addon.backend.answers({ "GET /v1/usage": { body: USAGE } });
  assert.deepEqual(JSON.parse(JSON.stringify(addon.rpc("getUsage", 30))), { ok: true, value: USAGE });
  const [{ headers }] = await addon.backend.calls();
  const claims = JSON.parse(Buffer.from(headers.authorization.split(".")[1], "base64url").toString());
  assert.equal(claims.email, "you@example.com");
  assert.equal(headers["x-serverless-authorization"], headers.authorization);
});

test("access to the sheet goes only where it is needed", async () => {
  await addon.backend.answers({ "GET /v1/usage": { body: USAGE }, "GET /v1/jobs/j1": { body: { id: "j1" } } });
  addon.rpc("getUsage", 30);
  addon.rpc("getJob", "j1");
  const [usage, job] = await addon.backend.calls();
  assert.equal(usage.headers["x-sheets-access-token"], undefined);
  assert.equal(job.headers["x-sheets-access-token"], "access-token-of-you@example.com");
});

test("a check names the spreadsheet and brings the access to it", async () => {
  await addon.backend.answers({ "POST /v1/check": { body: { lines: [], runs_are_off: null } } });
  assert.equal(addon.rpc("checkInstallation", 0).ok, true);
  const [{ headers, body }] = await addon.backend.calls();
  assert.equal(headers["x-sheets-access-token"], "access-token-of-you@example.com");
  assert.deepEqual(Object.keys(body), ["spreadsheet_id", "timed_rows"]);
  assert.equal(body.timed_rows, 0);
});

test("an id cannot lead to another address", async () => {
  addon.rpc("getJob", "../usage?x=1");
  assert.equal((await addon.backend.calls())[0].path, "/v1/jobs/..%2Fusage%3Fx%3D1");
});

for (const [name, path, answer, value] of [
  ["erasePerson", "/v1/erasures", { status: 204 }, null],
  ["liftErasure", "/v1/erasures/lift", { body: { was_erased: true, notice: "n" } }, { was_erased: true, notice: "n" }],
]) {
  test(`${name} sends the person in the body, where no log of addresses sees it; an empty answer is no mistake`, async () => {
    await addon.backend.answers({ [`POST ${path}`]: answer });
    const told = addon.rpc(name, "https://linkedin.com/in/a b");
    assert.deepEqual(JSON.parse(JSON.stringify(told)), { ok: true, value });
    const [call] = await addon.backend.calls();
    assert.deepEqual([call.path, call.body], [path, { linkedin_url: "https://linkedin.com/in/a b" }]);
  });
}

test("a script without an address says who can connect it", async (t) => {
  const fresh = await startAddon({ deployed: false });
  t.after(() => fresh.close());
  const { problem } = fresh.rpc("getUsage", 30);
  assert.equal(problem.slug, "not-connected");
  assert.match(problem.sentence, /make deploy/);
});
