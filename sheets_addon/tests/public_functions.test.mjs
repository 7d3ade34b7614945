import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const ADDON = fileURLToPath(new URL("../", import.meta.url));
const read = (name) => readFileSync(`${ADDON}${name}`, "utf8");

test("only the menu, the formula, the trigger and what the sidebar calls can be called from outside", () => {
  const sources = readdirSync(ADDON).filter((name) => name.endsWith(".js"));
  const functions = sources.flatMap((name) =>
    [...read(name).matchAll(/^function (\w+)\(/gm)].map(([, found]) => found),
  );
  const open = functions.filter((name) => !name.endsWith("_"));
  const contract = /interface Rpc \{([\s\S]*?)\n\}/.exec(read("addon.d.ts"))?.[1] ?? "";
  const called = [...contract.matchAll(/^ {2}(\w+)\(/gm)].map(([, name]) => name);
  const menu = [...read("Menu.js").matchAll(/addItem\("[^"]+", "(\w+)"\)/g)].map(([, name]) => name);
  assert.deepEqual(open.sort(), [...called, ...menu, "ENRICH", "onOpen", "onInstall", "renewAccessOfRuns"].sort());
});

test("the manifest asks for the least that works, and reaches https addresses only", () => {
  const { oauthScopes, urlFetchWhitelist, runtimeVersion } = JSON.parse(read("appsscript.json"));
  assert.deepEqual(oauthScopes.map((scope) => scope.replace(/^.*\/auth\//, "")).sort(), [
    "openid",
    "script.container.ui",
    "script.external_request",
    "script.scriptapp",
    "spreadsheets",
    "userinfo.email",
  ]);
  for (const address of urlFetchWhitelist) assert.match(address, /^https:\/\/[^/]+\/$/);
  assert.equal(runtimeVersion, "V8");
});

test("the lock file holds no download address", () => {
  const { packages } = JSON.parse(read("package-lock.json"));
  for (const [name, { resolved }] of Object.entries(packages)) assert.equal(resolved, undefined, name);
});
