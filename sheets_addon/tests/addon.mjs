/** The unchanged add-on over the stand-ins of the local page, with a fake backend and, where a test needs cells, the emulator. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { createHost } from "../../local/page/node/host.mjs";
import { startHttp } from "../../local/page/node/http_sync.mjs";
import { startBackend } from "./fake_backend.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Script and document properties, as somebody deployed and connected them. */
export const TOKEN = {
  token: "formula-token",
  token_id: "t0",
  maker: "you@example.com",
  issued_at: "2026-01-01T00:00:00Z",
  expires_at: "2099-01-01T00:00:00Z",
};

/**
 * @param {{ csv?: string, connected?: boolean, deployed?: boolean }} [setup] `csv`: what the sheet `Leads` holds
 */
export async function startAddon({
  isPublished = false,
  refusesTriggers = false,
  csv,
  connected = true,
  deployed = true,
} = {}) {
  const backend = await startBackend();
  const emulator = csv === undefined ? null : await startEmulator(csv);
  const network = startHttp((path) => path);
  const view = { sheetId: emulator?.sheetId ?? 0, ranges: ["A1"] };
  const cached = [];
  let nextToken = null;
  const host = createHost({
    outside: { [backend.url]: backend.url },
    isPublished,
    refusesTriggers,
    addresses: deployed ? { api: `${backend.url}/`, formula: backend.url } : undefined,
    spreadsheetId: emulator?.id ?? "spreadsheet",
    view,
    http(method, url, headers = {}, body = undefined) {
      if (url.startsWith("/kept/document-cache") && JSON.parse(body).put) cached.push(JSON.parse(body));
      if (url.startsWith(backend.url)) {
        const answer = network.httpSync(method, url, headers, body);
        if (nextToken) keep(documentProperties, { LEADFILL_FORMULA_TOKEN: JSON.stringify(nextToken) });
        nextToken = null;
        return answer;
      }
      if (!emulator || !url.startsWith("/proxy/emulator")) return null;
      const signed = { ...headers, Authorization: `Bearer ${emulator.token}` };
      return network.httpSync(method, emulator.url + url.slice("/proxy/emulator".length), signed, body);
    },
  });
  const keep = (area, put) => host.httpSync("POST", `/kept/${area}`, {}, JSON.stringify({ put }));
  const documentProperties = `document-properties.${emulator?.id ?? "spreadsheet"}`;
  if (connected) keep(documentProperties, { LEADFILL_FORMULA_TOKEN: JSON.stringify(TOKEN) });
  return {
    host,
    backend,
    emulator,
    view,
    /** What was put into the document's cache. */
    cached,
    /** As google.script.run does. */
    rpc: (name, ...args) => host.run("sidebar", name, ...args),
    /** As a cell does. */
    enrich: (...args) => host.run("formula", "ENRICH", ...args),
    /** Renews the formula token as a colleague's sidebar does, while the next call to the backend is under way. */
    storeTokenAfterNextCall(token) {
      nextToken = token;
    },
    /** A function that no one outside may call. */
    inside: (name, ...args) => host.execution("menu").globals[name](...args),
    async close() {
      await Promise.all([host.close(), network.close(), backend.close()]);
      emulator?.stop();
    },
  };
}

/** @returns {string | null} the Python with the emulator's packages, or null */
export function pythonHere() {
  const python = process.env.PYTHON ?? join(ROOT, ".venv/bin/python");
  return existsSync(python) ? python : null;
}

/** @param {string} csv */
async function startEmulator(csv) {
  const folder = mkdtempSync(join(tmpdir(), "leadfill-"));
  writeFileSync(join(folder, "Leads.csv"), csv);
  const given = ["-m", "local.sheets_api", "--port", "0", "--with-parent", join(folder, "Leads.csv")];
  const child = spawn(pythonHere() ?? "python3", given, { cwd: ROOT, stdio: ["pipe", "pipe", "inherit"] });
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  const { url, token, spreadsheets, secret } = JSON.parse(line);
  const { id } = spreadsheets[0];
  const ask = async (path, method = "GET", body = undefined) => {
    const headers = {
      Authorization: `Bearer ${token}`,
      "Content-Type": "application/json",
      "X-Leadfill-Secret": secret,
    };
    const answer = await fetch(url + path, { method, headers, body: body && JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`);
    return answer.json();
  };
  const { sheets } = await ask(`/v4/spreadsheets/${id}`);
  const { sheetId } = sheets[0].properties;
  const named = { properties: { sheetId, title: "Leads" }, fields: "title" };
  await ask(`/v4/spreadsheets/${id}:batchUpdate`, "POST", { requests: [{ updateSheetProperties: named }] });
  return {
    id,
    url,
    token,
    sheetId,
    ask,
    values: async (a1, render = "FORMATTED_VALUE") =>
      (await ask(`/v4/spreadsheets/${id}/values/${encodeURIComponent(a1)}?valueRenderOption=${render}`)).values ?? [],
    type: (a1, values) =>
      ask(`/v4/spreadsheets/${id}/values/${encodeURIComponent(a1)}?valueInputOption=USER_ENTERED`, "PUT", { values }),
    computed: (range, values) => ask(`/_emulator/spreadsheets/${id}/computed`, "POST", { range, values }),
    change: (...requests) => ask(`/v4/spreadsheets/${id}:batchUpdate`, "POST", { requests }),
    stop() {
      child.stdin.end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
