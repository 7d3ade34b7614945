import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import vm from "node:vm";
import { sidebarScripts } from "./sidebar_scripts.mjs";

const scripts = sidebarScripts();
const words = vm.createContext({});
const WORDS = ["SidebarLabels", "SidebarWords", "SidebarPlanWords", "SidebarUsageWords", "SidebarCheck"];
for (const file of WORDS) vm.runInContext(scripts.find(({ name }) => name === file)?.code ?? "", words);
const plain = (value) => JSON.parse(JSON.stringify(value));

const TODAY =
  "You may spend 5,000 credits of Slintel a day; 4,985 are used today. More can be spent from 27 November, 00:00 UTC, " +
  "on; whoever runs Leadfill can raise the limit before (CREDITS_PER_USER_DAY).";
const cost = (max_credits = "55", credits_left = "200", short_of = 0) => ({
  provider: "slintel",
  lookups: 55,
  max_credits,
  credits_left,
  short_of,
  cap_sentence: short_of > 0 ? TODAY : "",
});
const PLAN = {
  rows: 100,
  unusable: 5,
  already_filled: 6,
  left_out: 4,
  left_out_reasons: { filtered: 3, hidden: 1 },
  duplicates: 7,
  known: 20,
  in_doubt: 3,
  lookups: 55,
  fillable: 82,
  costs: [cost()],
  columns: [],
};
const JOB = {
  state: "done",
  rows: 10,
  done: 10,
  counts: { enriched: 4, known: 2, failed: 1, cancelled: 1, moved: 1, in_doubt: 1 },
  credits: [{ charged: "4", in_doubt: "1", ceiling: "8" }],
  message: null,
};

test("nothing from outside becomes HTML or code", () => {
  for (const { name, code } of scripts)
    assert.doesNotMatch(code, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function/, name);
});

test("the parts of a plan add up to its rows, none is left out", () => {
  const parts = plain(words.planParts(PLAN));
  assert.equal(
    parts.reduce((sum, { rows }) => sum + rows, 0),
    PLAN.rows,
  );
});

test("a plan that the caps do not pay for says how many people are left, whose cap it is and when it allows more", () => {
  assert.deepEqual(plain(words.capWarnings(PLAN)), []);
  const [sentence] = words.capWarnings({ ...PLAN, costs: [cost("15", "15", 40)] });
  assert.equal(sentence, `Only 15 of 55 people can be looked up. ${TODAY}`);
});

test("without credits a plan offers nothing and does not call itself free", () => {
  const broke = { ...PLAN, known: 0, duplicates: 0, fillable: 0, costs: [cost("0", "0", 55)] };
  assert.equal(words.goText(broke), "Nothing to fill");
  assert.equal(words.freeSentence(broke), "nobody can be looked up now");
  assert.equal(words.nothingSentence(broke, { write: "empty" }), null, "the warning says why");
  assert.match(
    words.capWarnings(broke)[0],
    /^No credits are left, so none of 55 people can be looked up\. You may spend 5,000/,
  );
});

test("the button counts the rows that can be filled, and is free only where nothing can be charged", () => {
  assert.equal(words.goText(PLAN), "Fill 82 rows");
  const short = { ...PLAN, fillable: 42, costs: [cost("15", "15", 40)] };
  assert.equal(words.goText(short), "Fill 42 rows");
  const known = { ...PLAN, fillable: 1, costs: [cost("0", "0", 55)] };
  assert.equal(words.goText(known), "Fill 1 row, free");
  assert.equal(words.freeSentence(known), "what is known already is filled in");
  assert.equal(words.freeSentence({ ...PLAN, lookups: 0 }), "no lookup is needed");
});

test("people who were looked up for nothing are not offered again", () => {
  const nothing_else = { already_filled: 0, left_out: 0, left_out_reasons: {}, in_doubt: 0, lookups: 0, fillable: 0 };
  const misses = { ...PLAN, ...nothing_else, known: 4, costs: [cost("0")] };
  assert.equal(words.goText(misses), "Nothing to fill");
  assert.match(words.nothingSentence(misses, { write: "empty" }), /^Nothing more is known about these people/);
  const finished = words.nothingSentence({ ...misses, already_filled: 1040 }, { write: "empty" });
  assert.match(
    finished,
    /^This list is finished: 1,040 rows filled as far as anything is known; 4 people were not found\. To/,
  );
});

test("a list is called finished only where no row is left for another run", () => {
  const nothing_else = { left_out: 0, left_out_reasons: {}, in_doubt: 0, known: 0, lookups: 0, fillable: 0 };
  const filled = { ...PLAN, ...nothing_else, already_filled: 90 };
  const said = (changes, choice = {}) =>
    words.nothingSentence({ ...filled, ...changes }, { write: "empty", ...choice });
  assert.match(said({}), /^This list is finished/);
  assert.match(said({ left_out: 9, left_out_reasons: { hidden: 9 } }), /^Only hidden rows are left/);
  assert.match(said({ left_out: 9, left_out_reasons: { condition: 9 } }), /meets your conditions/);
  assert.match(said({ in_doubt: 3 }), /^Only rows in doubt are left/);
  const chosen = { trial: { rows: 10, take: "spread", numbers: [7] } };
  const outside = { left_out: 90, left_out_reasons: { trial: 90 } };
  assert.match(said(outside, chosen), /^None of the selected rows can be filled/);
});

test("rows that were filled before a run count neither for nor against it", () => {
  const job = { ...JOB, rows: 1000, counts: { enriched: 90, already_filled: 900, not_found: 10 } };
  assert.equal(words.lastRunSentence(job), "Last run: 90 of 100 rows filled.");
  assert.equal(words.endSentence(job), "90 of 100 rows have an answer.");
  const none = { ...JOB, rows: 3, counts: { already_filled: 3 } };
  assert.equal(words.endSentence(none), "Every row was filled already.");
  assert.equal(words.lastRunSentence(none), "Last run: every row was filled already.");
  const trial = { ...JOB, rows: 40, counts: { enriched: 8, unusable: 3, left_out: 29 } };
  assert.equal(words.endSentence(trial), "All 8 rows with a profile have an answer.", "as the columns' figures say it");
  assert.equal(words.lastRunSentence(trial), "Last run: 8 of 8 rows with a profile filled.");
  const nothing = { ...JOB, rows: 3, counts: { already_filled: 2, unusable: 1 } };
  assert.equal(words.endSentence(nothing), "Every row with a profile was filled already.");
  assert.equal(
    words.lastRunSentence({ ...JOB, rows: 3, counts: { unusable: 3 } }),
    "Last run: no row holds a LinkedIn profile.",
  );
});

test("the last run is that of the tab, also one that has just ended", () => {
  const run = (id, range, created_at, failed = 0) => ({ ...JOB, id, range, created_at, counts: { failed } });
  const here = run("j1", "'My leads'!B2:B9", "2026-11-24T09:00:00Z");
  const there = run("j2", "Other!B2:B9", "2026-11-25T09:00:00Z");
  assert.equal(words.lastRunOf([there, here], "My leads")?.id, "j1");
  assert.equal(words.lastRunOf([there], "My leads"), null);
  const ended = run("j3", "'My leads'!B2:B9", "2026-11-26T09:00:00Z", 2);
  const jobs = words.withRun(words.withRun([there, here], ended), { ...here, state: "undone" });
  assert.deepEqual(plain(jobs.map(({ id, state }) => [id, state])), [
    ["j3", "done"],
    ["j2", "done"],
    ["j1", "undone"],
  ]);
});

test("the last run is one sentence, and so is a column", () => {
  const job = { ...JOB, rows: 1000, counts: { enriched: 900, known: 46, failed: 54 } };
  assert.equal(words.lastRunSentence(job), "Last run: 946 of 1,000 rows filled.");
  assert.equal(
    words.lastRunSentence({ ...job, state: "cancelled" }),
    "Last run: 946 of 1,000 rows filled. It was cancelled.",
  );
  assert.equal(words.lastRunSentence({ ...job, state: "undone" }), "The last run was undone.");
  assert.equal(words.filledSentence("Email", 1044, 5200), "Email 1,044\u00a0of\u00a05,200");
});

test("a condition is a sentence, and one without its value is none", () => {
  const country = { column: "C", title: "Country" };
  const said = (test, text) => {
    const condition = words.conditionOf(test, country, text);
    return condition && words.conditionText(condition);
  };
  assert.equal(said("empty", ""), "Country is empty");
  assert.equal(said("equals", " Spain "), "Country is Spain");
  assert.equal(said("one_of", "Spain; Portugal;"), "Country is one of Spain, Portugal");
  assert.equal(said("contains", "  "), null);
  assert.equal(words.conditionOf("empty", undefined, ""), null);
  assert.deepEqual(plain(words.conditionOf("filled", { column: "D", title: "" }, "x")), {
    test: "filled",
    column: "D",
    title: null,
    values: [],
  });
  assert.equal(words.conditionText({ test: "failed_in", values: ["j1"] }), "No answer in the last run");
});

test("the bar says what is left out and why", () => {
  const plan = { ...PLAN, left_out: 9, left_out_reasons: { filtered: 3, condition: 6 } };
  const part = plain(words.planParts(plan)).find(({ kind }) => kind === "left_out");
  assert.deepEqual([part.rows, part.meaning], [9, "3 hidden by a filter, 6 not meeting your condition"]);
  assert.equal(words.hiddenRows(plan), 3);
  assert.match(words.hiddenSentence(plan), /^3 hidden by a filter\. Without this/);
  const none = { ...plan, known: 0, lookups: 0, fillable: 0, already_filled: 0, left_out_reasons: { condition: 9 } };
  assert.match(words.nothingSentence(none, { write: "empty" }), /meets your conditions/);
});

test("a trial lets expect a bill, which is never more than the most", () => {
  const job = {
    counts: { enriched: 7, not_found: 2, failed: 1, known: 5, unusable: 3 },
    credits: [{ provider: "slintel", charged: "9" }],
  };
  const trial = words.trialResult(job);
  assert.deepEqual(plain(trial), { people: 10, charged: { slintel: 9 } });
  assert.equal(words.likelyText(cost("402"), 402, trial), "likely 362, going by the trial");
  assert.equal(words.likelyText(cost("100"), 402, trial), "likely 100, going by the trial");
  assert.equal(words.likelyText(cost("402"), 402, null), "");
  assert.equal(words.likelyText(second, 10, trial), "likely 0, going by the trial");
  assert.equal(words.trialResult({ counts: { known: 3 }, credits: [] }), null);
  assert.equal(words.goText({ ...PLAN, fillable: 10, left_out_reasons: { trial: 72 } }), "Try 10 rows");
});

test("what is written over is said column by column", () => {
  const column = (header, replaced) => ({ header, replaced });
  assert.equal(words.replacedSentence({ columns: [column("Email", 0)] }), null);
  assert.equal(
    words.replacedSentence({ columns: [column("Email", 1412), column("Title", 0), column("Company", 3)] }),
    "Up to this many filled cells are replaced: Email 1,412, Company 3. Undo restores them.",
  );
});

test("an account that does not hold what the run can take is said before, and so is a key that was rejected", () => {
  const usable = (credits_left, key_is_rejected = false) => [
    { name: "slintel", balance: { credits_left, credits_used: null, read_at: "", key_is_rejected } },
  ];
  assert.deepEqual(plain(words.accountWarnings(PLAN, usable("55"))), []);
  assert.deepEqual(plain(words.accountWarnings(PLAN, usable(null))), []);
  assert.deepEqual(plain(words.accountWarnings(PLAN, [])), []);
  const [few] = words.accountWarnings(PLAN, usable("12"));
  assert.equal(few, "Your team's account at Slintel has 12 credits left, and this can take 55.");
  assert.match(words.accountWarnings(PLAN, usable("0"))[0], /has no credits left/);
  assert.match(words.accountWarnings(PLAN, usable("0", true))[0], /rejected its key/);
  assert.deepEqual(plain(words.accountWarnings({ ...PLAN, costs: [cost("0")] }, usable("0"))), []);
});

const second = { ...cost("10", "4", 6), provider: "prospeo", lookups: 10 };
const credits = {
  lookups: 45,
  found: 41,
  emails_wanted: 45,
  emails: 30,
  charged: "44",
  in_doubt: "0",
  ceiling: "45",
  paid_without_lead: 3,
  paid_without_email: 14,
};
const BOTH = {
  ...JOB,
  credits: [
    { ...credits, provider: "slintel" },
    {
      ...credits,
      provider: "prospeo",
      lookups: 15,
      found: 7,
      emails_wanted: 14,
      emails: 6,
      charged: "6.5",
      in_doubt: "1",
      paid_without_email: 1,
    },
  ],
};

test("each provider has its price, and there is no sum", () => {
  assert.equal(words.waterfallText(["slintel", "people_data_labs"]), "Slintel → People Data Labs");
  assert.equal(words.costsSentence(PLAN), "Costs at most 55 credits.");
  const plan = { ...PLAN, costs: [cost(), second] };
  assert.equal(words.costsSentence(plan), "Costs at most 55 credits of Slintel and 10 credits of Prospeo.");
  assert.deepEqual(plain(words.capWarnings(plan)), [`Prospeo can be asked about only 4 of 10 people. ${TODAY}`]);
  assert.equal(words.isFree(plan), false);
  assert.equal(
    words.costsSentence({ ...PLAN, costs: [cost("0"), { ...second, max_credits: "0" }] }),
    "It costs nothing.",
  );
  assert.equal(words.spendingSentence(BOTH), "Slintel 44 of 45 · Prospeo 6.5 and 1 in doubt of 45 credits");
  assert.equal(words.spendingSentence(JOB), "4 credits charged, 1 more in doubt · 8 credits at most");
  assert.equal(words.costSentence(BOTH), "Slintel 44 · Prospeo 6.5 credits charged, 1 credit more in doubt");
});

test("what a provider brought is said beside what it was asked for", () => {
  const said = BOTH.credits.map((one, place) => words.broughtSentence(one, place));
  assert.deepEqual(plain(said), [
    "Slintel: 41 of 45 lookups found the person, 44 credits (3 charged answers empty or incomplete)",
    "Prospeo: 6 of 14 lookups found an e-mail, 1 more for the person only, 6.5 credits (1 charged answer without an address)",
  ]);
  const person = { ...BOTH.credits[1], lookups: 1, found: 1, emails_wanted: 0, charged: "1", paid_without_lead: 0 };
  assert.equal(words.broughtSentence(person, 1), "Prospeo: 1 of 1 lookup found the person, 1 credit");
});

test("an account is what the provider said of it, as far as it said something", () => {
  const balance = {
    credits_left: "1234.5",
    credits_used: null,
    read_at: "2026-11-26T12:30:00Z",
    key_is_rejected: false,
  };
  assert.equal(words.accountText(balance), "1,234.5 credits on the account");
  assert.equal(words.accountText({ ...balance, credits_left: null }), "");
  assert.equal(words.accountText({ ...balance, key_is_rejected: true }), "its key is rejected");
  assert.equal(words.accountText(null), "");
  assert.equal(words.providerLabel("people_data_labs"), "People Data Labs");
});

test("hidden rows are told apart by how they are hidden, and what happens to them is said", () => {
  assert.equal(
    words.hiddenSentence(PLAN),
    "3 hidden by a filter, 1 hidden by hand. Without this they stay as they are and cost nothing.",
  );
  assert.match(words.hiddenSentence({ left_out: 0, left_out_reasons: {} }), /filled like all others/);
});

test("the parts of a job add up to its rows while it runs, and what is not yet written shows apart", () => {
  const running = { ...JOB, state: "running", rows: 50, done: 30, counts: { enriched: 12, unusable: 3 } };
  const parts = plain(words.jobParts(running));
  const of = (kind) => parts.find((part) => part.kind === kind).rows;
  assert.equal(
    parts.reduce((sum, { rows }) => sum + rows, 0),
    50,
  );
  assert.deepEqual([of("enriched"), of("ready"), of("waiting")], [12, 15, 20]);
});

test("a retry says what it costs, and nothing where it can fill nothing", () => {
  const retry = { rows: 3, fillable: 3, lookups: 2, costs: [cost("2")] };
  assert.equal(words.retryCostSentence(retry), "Costs at most 2 credits.");
  assert.equal(words.retryCostSentence({ ...retry, costs: [cost("2"), second] }).includes("Prospeo"), true);
  assert.equal(words.retryCostSentence({ ...retry, costs: [cost("0")] }), "Free: what was looked up is kept.");
  assert.equal(words.retryCostSentence({ ...retry, fillable: 0 }), "");
  assert.deepEqual(plain(words.ceilingsOf({ costs: [cost("2"), { ...second, max_credits: "0.75" }] })), {
    slintel: "2",
    prospeo: "0.75",
  });
});

test("a retry counts what asking again adds, whatever the outcome of those rows is", () => {
  assert.equal(
    words.doubtsLabel(3),
    "Also 3 rows where a lookup may have been charged without a usable answer",
    "in doubt, or charged for what could not be read",
  );
  assert.equal(words.doubtsLabel(0), "Also where a lookup may have been charged without a usable answer");
});

test("the end of a job is one sentence", () => {
  assert.equal(words.endSentence(JOB), "6 of 10 rows have an answer.");
  assert.equal(words.endSentence({ ...JOB, rows: 6 }), "All 6 rows have an answer.");
  const some = { ...JOB, rows: 60, counts: { enriched: 9, not_found: 1, left_out: 50 } };
  assert.equal(words.endSentence(some), "9 of 10 rows have an answer.", "what was left out was not wanted");
  assert.equal(words.endSentence({ ...JOB, message: "The key was rejected." }), "The key was rejected.");
  assert.match(words.endSentence({ ...JOB, state: "undone" }), /have their earlier contents again/);
  assert.equal(words.costSentence(JOB), "4 credits charged, 1 more in doubt");
  assert.equal(words.costSentence({ ...JOB, credits: [{ charged: "0", in_doubt: "0" }] }), "Nothing charged");
});

test("one of a thing is counted in the singular", () => {
  const one = { ...JOB, rows: 1, counts: { enriched: 1 }, credits: [{ charged: "1", in_doubt: "0", ceiling: "1" }] };
  assert.equal(words.endSentence(one), "The row has an answer.");
  assert.equal(words.endSentence({ ...one, rows: 2 }), "1 of 2 rows has an answer.");
  assert.equal(words.endSentence({ ...one, counts: {} }), "0 of 1 row have an answer.");
  assert.equal(words.endSentence({ ...one, state: "cancelled" }), "1 row had an answer before the run was cancelled.");
  assert.equal(words.costSentence(one), "1 credit charged");
  assert.equal(
    words.partsSentence(words.planParts({ ...PLAN, duplicates: 1, known: 0 })),
    "5 unusable, 6 already filled, 4 left out, 1 duplicate, 3 in doubt, 55 to look up.",
  );
  const one_person = { ...cost("0", "0", 1), lookups: 1 };
  assert.match(words.capWarnings({ costs: [one_person] })[0], /none of 1 person can be looked up\./);
  assert.match(
    words.capWarnings({ costs: [cost(), { ...second, short_of: 10 }] })[0],
    /^No credits are left, so none of 10 people is asked about at Prospeo\./,
  );
  const sentences = scripts.flatMap(
    ({ code }) => code.match(/\$\{[^}]*\} (?:credits|rows|lookups|formulas|fields|columns)\b/g) ?? [],
  );
  assert.deepEqual(sentences, [], "counted() writes a number with its noun");
});

test("the sidebar says the time left as the command line does, rounded so that it does not flicker", () => {
  const table = JSON.parse(readFileSync(new URL("../../tests/support/time_left.json", import.meta.url), "utf8"));
  assert.deepEqual(
    table.map(([seconds]) => [seconds, words.timeLeft(seconds)]),
    table,
  );
});

const NOW = Date.parse("2026-03-01T12:00:00Z");
const inMinutes = (minutes) => new Date(NOW + minutes * 60_000).toISOString();
const long = (hours, minutes) => ({ takes_s: hours * 3600, access_until: inMinutes(minutes) });

test("a plan says what happens when its access ends before the lookups do", () => {
  assert.equal(words.outlastsAccess(long(0.9, 60), NOW), false);
  assert.equal(words.outlastsAccess(long(3, 60), NOW), true);
  const said = (plan, minutes) => words.accessPlanSentence(plan, minutes, NOW);
  const clock = words.clockText(inMinutes(60), NOW);
  assert.match(clock, /^\d\d:\d\d$/);
  const begin = `The lookups take about 3 h, and the access to the sheet lasts until ${clock}. `;
  assert.equal(
    said(long(3, 60), 10),
    `${begin}It is renewed automatically every 10 minutes, even with the sidebar closed.`,
  );
  assert.ok(said(long(3, 60), 60).endsWith("It is renewed automatically once an hour, even with the sidebar closed."));
  assert.match(said(long(3, 60), null), /Keep this sidebar open, .* the run waits, and goes on when you open it/);
});

test("where access ends before the next renewal, the plan says how long the run takes with the sidebar closed", () => {
  const said = (plan, minutes) => words.accessPlanSentence(plan, minutes, NOW);
  assert.match(said(long(3, 5), 60), /renewed once an hour, and the run waits in between: about 36 h in all\.$/);
  assert.match(said(long(3, 5), 10), /renewed every 10 minutes, and the run waits in between: about 6 h in all\.$/);
  assert.match(said(long(30, 5), 60), /about 15 days in all\.$/);
});

test("a run says until when it has access, in the person's own time, and who renews it", () => {
  const said = (minutes, access_until = inMinutes(35)) => words.accessSentence({ access_until }, minutes, NOW);
  assert.match(
    said(10),
    /^The run may write into this sheet until \d\d:\d\d\. That is renewed automatically every 10 minutes\.$/,
  );
  assert.match(said(null), /If the run takes longer, it waits until you open this sidebar again\.$/);
  assert.match(said(10, inMinutes(60 * 24)), /until Mar 2, 2026/);
  assert.equal(said(10, null), "");
  assert.equal(said(10, inMinutes(-1)), "");
  const undoing = { state: "undoing", access_until: inMinutes(35) };
  assert.equal(words.accessSentence(undoing, 10, NOW), "", "an undo is over before");
});

test("a time is said with 24 hours everywhere", () => {
  const evening = new Date(NOW);
  evening.setHours(21, 5, 0, 0);
  const iso = evening.toISOString();
  assert.match(words.momentText(iso), / 21:05$/);
  assert.equal(words.clockText(iso, evening.getTime()), "21:05");
  assert.ok(words.clockText(iso, evening.getTime() + 86_400_000).endsWith(" 21:05"));
});

test("an open sidebar gives fresh access before the present one ends, once a minute at most", () => {
  const needs = (job, minutesAgo) => words.needsAccess({ state: "running", ...job }, NOW - minutesAgo * 60_000, NOW);
  assert.equal(needs({ access_until: inMinutes(40) }, 5), false);
  assert.equal(needs({ access_until: inMinutes(2) }, 5), true);
  assert.equal(needs({ access_until: inMinutes(2) }, 0.5), false);
  assert.equal(needs({ access_until: null }, 26), true);
  assert.equal(needs({ access_until: inMinutes(2), state: "done" }, 26), false);
  assert.equal(needs({ access_until: null, state: "waiting_for_access" }, 0), true);
});

test("a job is asked about less often the longer it takes, the less it answers, and while nobody looks", () => {
  assert.equal(words.pollDelay(0, 0, false), 1000);
  assert.ok(words.pollDelay(60_000, 0, false) > 1000);
  assert.ok(words.pollDelay(0, 3, false) > words.pollDelay(0, 1, false));
  assert.ok(words.pollDelay(0, 50, false) <= 60_000);
  assert.ok(words.pollDelay(0, 0, true) >= 15_000);
});

test("the chart has every day once, also those on which nothing was spent", () => {
  const entry = (date, charged, user = "a") => ({
    ...{ date, charged, in_doubt: "0.5", user },
    ...{ spreadsheet_id: "s", provider: "slintel" },
  });
  const usage = [entry("2026-03-01", "2"), entry("2026-03-01", "3", "b"), entry("2026-02-27", "1")];
  const days = plain(words.creditsByDay(usage, 4, new Date("2026-03-01T10:00:00Z")));
  assert.deepEqual(
    days.map(({ date, charged }) => [date, charged]),
    [
      ["2026-02-26", 0],
      ["2026-02-27", 1],
      ["2026-02-28", 0],
      ["2026-03-01", 5],
    ],
  );
  const people = words.creditsByUser([
    ...usage,
    { ...usage[0], user: "a", provider: "prospeo", charged: "9", in_doubt: "0" },
  ]);
  assert.deepEqual(
    [...people].map(({ user, credits }) => [user, words.providerCreditsText(credits)].join(": ")),
    ["a: Slintel 4 · Prospeo 9", "b: Slintel 3.5"],
  );
});

test("usage as a file says each line once, and nothing in it is run as a formula", () => {
  const day = { date: "2026-03-01", provider: "slintel", user: "=cmd|'/c calc'!A1", charged: "2", in_doubt: "0" };
  const csv = words.usageCsv([
    { ...day, spreadsheet_id: "-5" },
    { ...day, user: "command line", spreadsheet_id: 'a "b", c' },
    { ...day, user: "＋evil", spreadsheet_id: "" },
  ]);
  assert.equal(
    csv,
    [
      "Date (UTC),Provider,Person,Spreadsheet,Credits charged,Credits in doubt",
      "2026-03-01,Slintel,'=cmd|'/c calc'!A1,-5,2,0",
      '2026-03-01,Slintel,Command line,"a ""b"", c",2,0',
      "2026-03-01,Slintel,'＋evil,,2,0",
      "",
    ].join("\r\n"),
  );
});

test("a run says who started it", () => {
  const said = (started_by) => words.starterText({ started_by });
  assert.deepEqual([said("ann@example.com"), said("")], ["by ann@example.com", "by a colleague"]);
});

test("the search finds a field by any of its words", () => {
  const field = (name, group, description, aliases = []) => ({
    ...{ name, header: name, group, description, aliases },
    example: "",
  });
  const fields = [
    field("email", "Person", "Work e-mail address."),
    field("company_phone", "Company", "Telephone."),
    field("notes", "Person", "Says headcount somewhere."),
    field("size", "Company", "Number.", ["Headcount", "Employees"]),
  ];
  const found = (search) => words.fieldsMatching(fields, search).map(({ name }) => name);
  assert.deepEqual([...found("")], ["email", "company_phone", "notes", "size"]);
  assert.deepEqual([...found("company tele")], ["company_phone"]);
  assert.deepEqual([...found("headcount")], ["size", "notes"], "another word for it goes before a mention");
  assert.deepEqual([...found("nothing like it")], []);
});

test("fields move by one place, and stay at the ends", () => {
  const moved = (name, step) => plain(words.movedField(["a", "b", "c"], name, step));
  assert.deepEqual(
    [moved("b", -1), moved("b", 1), moved("a", -1), moved("c", 1), moved("x", 1)].map((list) => list.join("")),
    ["bac", "acb", "abc", "abc", "abc"],
  );
});

test("a range is said as people say it", () => {
  const said = {
    "Leads!B2:B61": "Leads, rows 2 to 61",
    "'Bob''s leads'!B2:B2": "Bob's leads, row 2",
    "Leads!B2:B": "Leads, from row 2 on",
    "Leads!B:B": "all rows of Leads",
    "something else": "something else",
  };
  for (const [range, sentence] of Object.entries(said)) assert.equal(words.rangeText(range), sentence);
});

test("an own field says what is wrong with it, or what it gives for somebody", () => {
  const said = (changes) =>
    words.checkedSentence({ header: "Skill", problem: "", person: "", example: "", ...changes });
  assert.equal(said({ problem: "No." }), "No.");
  assert.equal(said({ person: "Ada", example: "Python" }), "“Skill” would say for Ada: Python");
  assert.match(said({ person: "Ada" }), /For Ada it would be empty/);
  assert.match(said({}), /no example/);
});

test("no word of the sidebar is one of its makers", () => {
  const texts = scripts.flatMap(({ name, code }) =>
    [...code.replaceAll(/\/\*[\s\S]*?\*\/|\/\/ .*/g, "").matchAll(/"((?:[^"\\\n]|\\.)*)"|`([^`]*)`/g)].map((found) => [
      name,
      (found[1] ?? found[2] ?? "").replaceAll(/\$\{[^}]*\}/g, ""),
    ]),
  );
  const sentences = texts.filter(([, text]) => / /.test(text.trim()));
  assert.ok(sentences.length > 200);
  for (const [name, text] of sentences)
    assert.doesNotMatch(
      text,
      /\/v1\/|canonical|JMESPath|\bstore\b|\bleads?\b(?! of|\.)|\bJSON\b|\bprojection\b/i,
      `${name}: ${text}`,
    );
});

test("in whose name formulas look people up is one sentence", () => {
  const formulas = { connected: true, expires_at: "2026-03-01T12:00:00Z", maker: "ann@example.com", token_id: "t" };
  const said = (changes, email) => words.connectionSentence({ ...formulas, ...changes }, email);
  assert.match(said({}, "Ann@example.com"), /^Connected by you until Mar 1, 2026/);
  assert.match(said({}, "bob@example.com"), /^Connected by ann@example.com until/);
  assert.match(said({ connected: false }, "bob@example.com"), /^No longer connected: .*ann@example.com has ended\.$/);
  assert.match(said({ connected: false, expires_at: null, maker: "" }, "bob@example.com"), /^Not connected/);
});

test("a check counts what holds, what does not, and what could not be tried", () => {
  const lines = (...verdicts) => verdicts.map((verdict) => ({ name: "nulls", title: "", verdict, sentence: "" }));
  assert.equal(words.checkSummary(lines("holds", "holds")), "All 2 hold.");
  const mixed = lines("holds", "does_not_hold", "not_tried", "holds");
  assert.equal(words.checkSummary(mixed), "Of 4: 2 hold, 1 does not, 1 could not be tried.");
  assert.equal(
    words.checkSummary(lines("does_not_hold", "does_not_hold")),
    "Of 2: 0 hold, 2 do not, 0 could not be tried.",
  );
});
