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

test("only the script itself says where tokens go: nothing that an editor of the spreadsheet can change does", () => {
  const sources = readdirSync(ADDON).filter((name) => name.endsWith(".js"));
  const users = (pattern) =>
    sources.filter((name) => pattern.test(read(name).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "")));
  assert.deepEqual(users(/UrlFetchApp/), ["Backend.js"]);
  assert.equal(read("Backend.js").match(/UrlFetchApp/g)?.length, 1);
  assert.deepEqual(users(/getOAuthToken|getIdentityToken/), ["Backend.js"]);
  assert.deepEqual(users(/getScriptProperties|DeveloperMetadata|openByUrl|openById/), []);
  assert.deepEqual(users(/\bADDRESSES\b/).sort(), ["Addresses.js", "Backend.js"]);
  // Each call begins with an address of the script's; ids are encoded (backend.test.mjs).
  const calls = [...read("Backend.js").matchAll(/fetchJson_\((?!\s*method, url)([^,]+), ([^,]+),/g)].map(([, , url]) =>
    url?.replace("$", ""),
  );
  assert.deepEqual(calls, ['backendUrl_("api") + path', '`{backendUrl_("formula")}/v1/formula`']);
});

test("the sidebar reaches nobody but its own script", () => {
  const pages = readdirSync(ADDON).filter((name) => name.endsWith(".html"));
  for (const name of pages)
    assert.doesNotMatch(
      read(name),
      /\bfetch\(|XMLHttpRequest|WebSocket|sendBeacon|EventSource|<(?:img|iframe|form|link)\b|src=/,
      name,
    );
});

test("the lock file holds no download address", () => {
  const { packages } = JSON.parse(read("package-lock.json"));
  for (const [name, { resolved }] of Object.entries(packages)) assert.equal(resolved, undefined, name);
});
