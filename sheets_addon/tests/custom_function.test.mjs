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
