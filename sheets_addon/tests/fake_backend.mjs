/**
 * A backend on this machine whose answers a test sets, in a thread of its own: the thread of the test sleeps while the
 * add-on waits for an answer.
 *
 *   PUT /_answers {"GET /v1/usage": {status, type, body}}    GET /_calls    DELETE /_calls
 *
 * A body that is no string is sent as JSON; an answer that holds `once: true` is given once. `/v1/formula` answers `<url>.<field>`, and
 * `/v1/field-lists` cuts at every comma, unless told otherwise.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker } from "node:worker_threads";

/** @returns {Promise<{ url: string, answers(set: object): Promise<void>, calls(): Promise<any[]>, forget(): Promise<void>, close(): Promise<number> }>} */
export async function startBackend() {
  const thread = new Worker(fileURLToPath(import.meta.url));
  const [port] = await once(thread, "message");
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    answers: async (set) => void (await fetch(`${url}/_answers`, { method: "PUT", body: JSON.stringify(set) })),
    calls: async () => (await fetch(`${url}/_calls`)).json(),
    forget: async () => void (await fetch(`${url}/_calls`, { method: "DELETE" })),
    close: () => thread.terminate(),
  };
}

/** @param {string} list as functions/fields cuts it, without its care for expressions */
function cut(list) {
  return list.split(/[,;]/).map((name) => name.trim());
}

function serve() {
  let answers = {};
  let calls = [];
  const control = {
    "PUT /_answers": (body) => Object.assign(answers, JSON.parse(body)) && {},
    "GET /_calls": () => calls,
    "DELETE /_calls": () => {
      calls = [];
      answers = {};
      return {};
    },
  };
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      const path = request.url ?? "";
      const name = `${request.method} ${path.split("?")[0]}`;
      const send = ({ status = 200, type = "application/json", body: given = {} }) => {
        response.writeHead(status, { "Content-Type": type });
        response.end(status === 204 ? undefined : typeof given === "string" ? given : JSON.stringify(given));
      };
      if (control[name]) return send({ body: control[name](body) });
      const json = body ? JSON.parse(body) : null;
      calls.push({ name, path, headers: request.headers, body: json });
      const set = answers[`${request.method} ${path}`] ?? answers[name];
      if (set?.hangUp) return request.socket.destroy();
      if (set?.once) delete answers[name];
      if (set) return send(set);
      if (name === "POST /v1/formula") {
        const fields = json.fields.flatMap(cut);
        const values = json.urls.flat().map((url) => fields.map((field) => `${url}.${field}`));
        return send({ body: { values, pending: 0 } });
      }
      if (name === "POST /v1/field-lists") return send({ body: { lists: json.lists.map(cut) } });
      return send({ status: 404, body: "" });
    });
  });
  server.keepAliveTimeout = 60_000; // a test that sleeps meanwhile would find its connection closed
  server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));
}

if (!isMainThread) serve();
