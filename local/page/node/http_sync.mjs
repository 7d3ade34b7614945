// @ts-check
/** Synchronous HTTP in Node: a thread fetches, this one sleeps in Atomics.wait; about 2 ms a call. */
import { MessageChannel, receiveMessageOnPort, Worker } from "node:worker_threads";

/**
 * @param {(path: string) => string} resolve a path without a host → a URL
 * @returns {{ httpSync: import("../standins/host.js").HttpSync, close(): Promise<number> }}
 */
export function startHttp(resolve) {
  const signal = new Int32Array(new SharedArrayBuffer(4));
  const { port1, port2 } = new MessageChannel();
  const thread = new Worker(new URL("./http_thread.mjs", import.meta.url), {
    workerData: { port: port2, signal },
    transferList: [port2],
  });
  thread.unref();
  port1.unref();
  return {
    httpSync(method, url, headers = {}, body) {
      Atomics.store(signal, 0, 0);
      port1.postMessage({ method, url: url.startsWith("/") ? resolve(url) : url, headers, body });
      Atomics.wait(signal, 0, 0);
      const { answer, failed } = receiveMessageOnPort(port1)?.message ?? { failed: "The HTTP thread has ended." };
      if (failed) throw new Error(failed);
      return answer;
    },
    close: () => thread.terminate(),
  };
}
