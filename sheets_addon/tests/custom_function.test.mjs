/** What the stand-ins refuse a custom function, as Google does: else a formula could work here and fail there. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { pythonHere, startAddon } from "./addon.mjs";

const skip = pythonHere() ? false : "the Sheets emulator needs the project's Python (make test sets it up)";
/** @type {Awaited<ReturnType<typeof startAddon>>} */
let addon;
before(async () => {
  if (!skip) addon = await startAddon({ csv: "Name,LinkedIn\nA,linkedin.com/in/a\n" });
});
after(() => addon?.close());

/** @type {Record<string, (services: any) => unknown>} */
const REFUSED = {
  "the user interface": ({ SpreadsheetApp }) => SpreadsheetApp.getUi(),
  "an access token": ({ ScriptApp }) => ScriptApp.getOAuthToken(),
  "setting values": ({ SpreadsheetApp }) =>
    SpreadsheetApp.getActiveSheet()
      .getRange("A1:A1")
      .setValues([["x"]]),
  "clearing cells": ({ SpreadsheetApp }) => SpreadsheetApp.getActiveSheet().getRange("A1").clearContent(),
  pasting: ({ SpreadsheetApp }) => {
    const range = SpreadsheetApp.getActiveSheet().getRange("A1");
    range.copyTo(range, SpreadsheetApp.CopyPasteType.PASTE_VALUES, false);
  },
  selecting: ({ SpreadsheetApp }) => SpreadsheetApp.getActiveSheet().getRange("A1").activate(),
  "a toast": ({ SpreadsheetApp }) => SpreadsheetApp.getActiveSpreadsheet().toast("hello"),
};

for (const [what, work] of Object.entries(REFUSED)) {
  test(`a custom function is refused ${what}`, { skip }, () => {
    assert.throws(() => work(addon.host.execution("formula").globals), /do not have permission to call/);
  });
}

test("a custom function has no identity, and reads cells, properties and the cache", { skip }, () => {
  const { ScriptApp, Session, SpreadsheetApp, PropertiesService, CacheService } =
    addon.host.execution("formula").globals;
  assert.equal(ScriptApp.getIdentityToken(), null);
  assert.equal(Session.getActiveUser().getEmail(), "");
  assert.equal(SpreadsheetApp.getActiveSheet().getRange("B2").getDisplayValue(), "linkedin.com/in/a");
  assert.match(PropertiesService.getDocumentProperties().getProperty("LEADFILL_FORMULA_TOKEN"), /formula-token/);
  CacheService.getDocumentCache().put("key", "text", 60);
  assert.equal(CacheService.getDocumentCache().get("key"), "text");
});

test("a name that links to a profile is asked for with its link, where the formula says which cells", {
  skip,
}, async () => {
  const uri = "https://www.linkedin.com/in/ada";
  const link = { format: { link: { uri } } };
  const names = [
    { userEnteredValue: { stringValue: "Ada" }, userEnteredFormat: { textFormat: { link: { uri } } } },
    { userEnteredValue: { stringValue: "Bob (CTO)" }, textFormatRuns: [link, { startIndex: 3 }] },
    { userEnteredValue: { stringValue: "Cy" } },
    { userEnteredValue: { stringValue: "linkedin.com/in/di" } },
  ];
  const start = { sheetId: addon.emulator.sheetId, rowIndex: 1, columnIndex: 3 };
  await addon.emulator.change({ updateCells: { start, rows: names.map((cell) => ({ values: [cell] })), fields: "*" } });
  await addon.backend.answers({ "POST /v1/formula": { body: { values: [["a"], ["b"], ["c"], ["d"]], pending: 0 } } });
  const texts = [["Ada"], ["Bob (CTO)"], ["Cy"], ["linkedin.com/in/di"]];
  const asked = async (formula) => {
    await addon.emulator.type("Leads!F2", [[formula]]);
    addon.view.ranges = ["F2"];
    await addon.backend.forget();
    await addon.backend.answers({ "POST /v1/formula": { body: { values: [["a"], ["b"], ["c"], ["d"]], pending: 0 } } });
    addon.enrich(texts, "email", formula);
    return (await addon.backend.calls())[0].body.urls;
  };
  const found = [[`HYPERLINK("${uri}","Ada")`], [`HYPERLINK("${uri}","Bob  CTO ")`], ["Cy"], ["linkedin.com/in/di"]];
  assert.deepEqual(await asked('=ENRICH($D$2:D5, "email")'), found);
  assert.deepEqual(await asked('=IF(TRUE, ENRICH(Leads!D2:D, "email"))'), found);
  assert.deepEqual(await asked('=ENRICH(FILTER(D2:D5, D2:D5<>""), "email")'), texts);
  assert.deepEqual(await asked('=ENRICH(A1:A4, "email")'), texts, "other cells than those that were handed over");
});
