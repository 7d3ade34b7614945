import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startAddon } from "./addon.mjs";
import { sidebarScripts } from "./sidebar_scripts.mjs";

/** @type {Awaited<ReturnType<typeof startAddon>>} */
let addon;
before(async () => {
  addon = await startAddon();
});
after(() => addon.close());

test("the menu is built where nothing is authorized yet, without a call, and each item has its function", async () => {
  addon.host.run("open", "onOpen");
  const { what, details } = addon.host.shown.pop();
  assert.equal(what, "menu");
  assert.equal(details.caption, "Leadfill");
  assert.ok(details.isAddon);
  const items = details.items.filter((item) => item !== null);
  assert.deepEqual(
    items.map(({ caption }) => caption),
    [
      "Enrich…",
      "Enrich selection again with last settings",
      "Calculate waiting formulas",
      "Freeze formulas",
      "Run history & usage",
      "Settings",
    ],
  );
  const { globals } = addon.host.execution("menu");
  for (const { run } of items) assert.equal(typeof globals[run], "function", run);
  assert.deepEqual(await addon.backend.calls(), []);
});

const VIEWS = { showEnrich: "enrich", enrichAgain: "again", showHistory: "history", showSettings: "settings" };

for (const [name, view] of Object.entries(VIEWS)) {
  test(`${name} opens the sidebar at “${view}”, whole, with nothing from the network`, async () => {
    addon.host.run("menu", name);
    const { what, details } = addon.host.shown.pop();
    assert.deepEqual([what, details.kind, details.title], ["frame", "sidebar", "Leadfill"]);
    assert.match(details.html, new RegExp(`<body data-view="${view}">`));
    assert.doesNotMatch(details.html, /<\?/);
    assert.doesNotMatch(details.html, /<(script|link|img)[^>]+(src|href)=/);
    assert.equal(details.html.match(/<script>/g)?.length, sidebarScripts().length);
  });
}

test("what a template is given is escaped", () => {
  const { globals } = addon.host.execution("menu");
  globals.openSidebar_('"><script>alert(1)</script>');
  assert.doesNotMatch(addon.host.shown.pop().details.html, /<script>alert/);
});
