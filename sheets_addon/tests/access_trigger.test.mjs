import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { startAddon } from "./addon.mjs";

const JOB = { id: "j1", state: "running", finished_at: null };
const ENDED = { ...JOB, state: "done", finished_at: "2026-01-01T00:00:00Z" };

const LIVE = {
  "POST /v1/jobs/j1/access": { body: JOB },
  "POST /v1/jobs/j2/access": { body: { ...JOB, id: "j2" } },
};

/** @type {Awaited<ReturnType<typeof startAddon>>} */
let addon;
beforeEach(async () => {
  addon = await startAddon();
  await addon.backend.answers({
    "POST /v1/jobs/j1/retry": { body: JOB },
    "POST /v1/jobs/j2/retry": { body: { ...JOB, id: "j2" } },
  });
});
afterEach(() => addon.close());

const retry = (id) => assert.equal(addon.rpc("retryJob", id, false, {}, "key").ok, true);
const renew = async (answers) => {
  await addon.backend.forget();
  await addon.backend.answers(answers);
  addon.host.run("trigger", "renewAccessOfRuns");
  return await addon.backend.calls();
};
const pathsOf = (calls) => calls.map(({ path }) => path);

test("a run has one trigger, which hands over fresh access and goes once every run has ended", async () => {
  retry("j1");
  retry("j2");
  assert.deepEqual(addon.host.triggers(), [{ run: "renewAccessOfRuns", minutes: 10 }]);
  const calls = await renew(LIVE);
  assert.deepEqual(pathsOf(calls), ["/v1/jobs/j1/access", "/v1/jobs/j2/access"]);
  assert.equal(calls[0].headers["x-sheets-access-token"], "access-token-of-you@example.com");
  assert.equal((await renew({ ...LIVE, "POST /v1/jobs/j1/access": { body: ENDED } })).length, 2);
  assert.equal(addon.host.triggers().length, 1);
  const body = { type: "urn:leadfill:problem:wrong-job-state", detail: "The run has ended." };
  assert.deepEqual(pathsOf(await renew({ "POST /v1/jobs/j2/access": { status: 409, body } })), ["/v1/jobs/j2/access"]);
  assert.deepEqual(addon.host.triggers(), []);
  assert.deepEqual(await renew({}), []);
});

test("a backend that is down for a moment ends nothing", async () => {
  retry("j1");
  await renew({ "POST /v1/jobs/j1/access": { status: 503, body: {} } });
  assert.equal(addon.host.triggers().length, 1);
  assert.deepEqual(pathsOf(await renew(LIVE)), ["/v1/jobs/j1/access"]);
});

test("a job that is over at once makes no trigger", async () => {
  await addon.backend.answers({ "POST /v1/jobs/j1/retry": { body: ENDED } });
  retry("j1");
  assert.deepEqual(addon.host.triggers(), []);
});

test("a published add-on may be called once an hour only, and asks for that", async (t) => {
  const published = await startAddon({ isPublished: true });
  t.after(() => published.close());
  await published.backend.answers({ "POST /v1/jobs/j1/retry": { body: JOB } });
  assert.equal(published.rpc("retryJob", "j1", false, {}, "key").ok, true);
  assert.deepEqual(published.host.triggers(), [{ run: "renewAccessOfRuns", minutes: 60 }]);
});

test("whether a closed sidebar renews access is tried before a run, and leaves no trigger behind", async (t) => {
  const minutes = (of, id) => of.rpc("getRenewal", id).value.minutes;
  assert.equal(minutes(addon, null), 10);
  assert.deepEqual(addon.host.triggers(), []);
  retry("j1");
  assert.equal(minutes(addon, "j1"), 10);
  assert.equal(minutes(addon, "a-colleagues"), null);
  assert.equal(addon.host.triggers().length, 1);
  const published = await startAddon({ isPublished: true });
  t.after(() => published.close());
  assert.equal(minutes(published, null), 60);
  assert.deepEqual(published.host.triggers(), []);
});

test("a person who has not allowed triggers is told that none renews access", async (t) => {
  const refused = await startAddon({ refusesTriggers: true });
  t.after(() => refused.close());
  await refused.backend.answers({ "POST /v1/jobs/j1/retry": { body: JOB } });
  assert.equal(refused.rpc("retryJob", "j1", false, {}, "key").ok, true);
  assert.equal(refused.rpc("getRenewal", "j1").value.minutes, null);
  assert.equal(refused.rpc("getRenewal", null).value.minutes, null);
});
