/**
 * Runs one function of the unchanged add-on over a running backend and the emulator, and prints what it gives and shows.
 *
 *   node at_backend.mjs '{"kind": "menu", "name": "calculateWaitingFormulas", "args": [], "token": …, …}'
 */
import { createHost } from "../../local/page/node/host.mjs";
import { startHttp } from "../../local/page/node/http_sync.mjs";

const { kind, name, args, token, spreadsheetId, addresses, emulator } = JSON.parse(process.argv[2] ?? "{}");
const network = startHttp((path) => path);
const host = createHost({
  addresses,
  spreadsheetId,
  outside: { [addresses.formula]: addresses.formula },
  http(method, url, headers = {}, body = undefined) {
    if (url.startsWith(addresses.formula)) return network.httpSync(method, url, headers, body);
    if (!url.startsWith("/proxy/emulator")) return null;
    const signed = { ...headers, Authorization: `Bearer ${emulator.token}` };
    return network.httpSync(method, emulator.url + url.slice("/proxy/emulator".length), signed, body);
  },
});
const put = { LEADFILL_FORMULA_TOKEN: JSON.stringify(token) };
host.httpSync("POST", `/kept/document-properties.${spreadsheetId}`, {}, JSON.stringify({ put }));
const given = host.run(kind, name, ...args) ?? null;
console.log(JSON.stringify({ given, shown: host.shown }));
await Promise.all([host.close(), network.close()]);
