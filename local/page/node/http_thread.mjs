// @ts-check
/** The thread behind http_sync.mjs: fetches, posts the answer, wakes the waiting thread. */
import { workerData } from "node:worker_threads";

const { port, signal } = workerData;

port.on("message", async (/** @type {any} */ { method, url, headers, body }) => {
  try {
    const response = await fetch(url, { method, headers, body, redirect: "manual" });
    const answer = {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: await response.text(),
    };
    port.postMessage({ answer });
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : "";
    port.postMessage({ failed: `${method} ${url}: ${cause || error}` });
  }
  Atomics.store(signal, 0, 1);
  Atomics.notify(signal, 0);
});
