// @ts-check
/** What the add-on shows beside the sheet: its sidebar, with google.script.run behind it; toasts, and questions. */

const AT_ONCE = 10;

/** Runs inside the frame, before the add-on's own scripts: google.script.run over postMessage. */
function bridge() {
  let last = 0;
  /** @type {Map<number, { success?: Function, failure?: Function, thing?: unknown }>} */
  const open = new Map();
  const runner = (/** @type {{ success?: Function, failure?: Function, thing?: unknown }} */ handlers) =>
    new Proxy(
      {},
      {
        get(_, name) {
          if (typeof name === "symbol" || name === "then") return undefined;
          if (name === "withSuccessHandler") return (/** @type {Function} */ success) => runner({ ...handlers, success });
          if (name === "withFailureHandler") return (/** @type {Function} */ failure) => runner({ ...handlers, failure });
          if (name === "withUserObject") return (/** @type {unknown} */ thing) => runner({ ...handlers, thing });
          return (/** @type {unknown[]} */ ...args) => {
            last += 1;
            open.set(last, handlers);
            parent.postMessage({ leadfill: "call", id: last, name, args }, "*");
          };
        },
      },
    );
  addEventListener("message", ({ source, data }) => {
    if (source !== parent || !data?.answer) return;
    const handlers = open.get(data.answer.id);
    open.delete(data.answer.id);
    if (!handlers) return;
    const { value, error } = data.answer;
    if (!error) return handlers.success?.(value, handlers.thing);
    const thrown = Object.assign(new Error(error.message), { name: error.name });
    if (handlers.failure) handlers.failure(thrown, handlers.thing);
    else console.error(thrown);
  });
  addEventListener("keydown", (event) => {
    if (event.key !== "F6") return;
    event.preventDefault();
    parent.postMessage({ leadfill: "leave", back: event.shiftKey }, "*");
  });
  const host = { close: () => parent.postMessage({ leadfill: "close" }, "*"), setHeight() {}, setWidth() {} };
  Object.assign(window, { google: { script: { run: runner({}), host } } });
}

export class Frames {
  /** @param {HTMLElement} sidebar @param {HTMLElement} toasts @param {(name: string, args: unknown[]) => Promise<unknown>} run */
  constructor(sidebar, toasts, run) {
    this.sidebar = sidebar;
    this.toasts = toasts;
    this.run = run;
    this.html = "";
    /** @type {HTMLIFrameElement | null} */
    this.frame = null;
    this.busy = 0;
    /** @type {(() => void)[]} */
    this.waiting = [];
    addEventListener("message", (event) => this.heard(event));
  }

  /** @param {{ kind: string, html: string, title: string }} shown */
  open({ html, title }) {
    this.html = html.replace(/<head[^>]*>/i, (head) => `${head}<script>(${bridge})()</${"script"}>`);
    const heading = Object.assign(document.createElement("h2"), { textContent: title });
    const close = Object.assign(document.createElement("button"), { type: "button", className: "close", textContent: "×" });
    close.setAttribute("aria-label", `Close ${title}`);
    close.onclick = () => this.close();
    const bar = document.createElement("div");
    bar.className = "sidebar-bar";
    bar.append(heading, close);
    this.frame = document.createElement("iframe");
    this.frame.title = title;
    this.frame.setAttribute("sandbox", "allow-scripts allow-forms allow-popups allow-downloads");
    this.frame.src = "/static/frame.html";
    this.sidebar.replaceChildren(bar, this.frame);
    this.sidebar.hidden = false;
  }

  close() {
    this.sidebar.hidden = true;
    this.sidebar.replaceChildren();
    this.frame = null;
  }

  /** @param {MessageEvent} event */
  async heard({ source, data }) {
    const frame = this.frame;
    // Its origin is opaque, so the window itself is what it is known by.
    if (!frame || source !== frame.contentWindow || !data) return;
    if (data.leadfill === "ready") frame.contentWindow?.postMessage({ html: this.html }, "*");
    if (data.leadfill === "close") this.close();
    if (data.leadfill !== "call") return;
    if (this.busy >= AT_ONCE) await new Promise((go) => this.waiting.push(() => go(null)));
    this.busy += 1;
    const answer = await this.run(String(data.name), data.args).then(
      (value) => ({ id: data.id, value }),
      (error) => ({ id: data.id, error: { name: error.name, message: error.message } }),
    );
    this.busy -= 1;
    this.waiting.shift()?.();
    frame.contentWindow?.postMessage({ answer }, "*");
  }

  /** @param {{ message: string, title?: string, seconds?: number }} said */
  toast({ message, title = "", seconds = 5 }) {
    const readable = Math.max(seconds, message.length / 12); // long messages stay until they can have been read
    const toast = document.createElement("div");
    toast.className = "toast";
    if (title) toast.append(Object.assign(document.createElement("strong"), { textContent: title }));
    toast.append(Object.assign(document.createElement("span"), { textContent: message }));
    const close = Object.assign(document.createElement("button"), { type: "button", className: "close", textContent: "×" });
    close.setAttribute("aria-label", "Close the message");
    close.onclick = () => toast.remove();
    toast.append(close);
    this.toasts.append(toast);
    setTimeout(() => toast.remove(), readable * 1000);
  }

  /** @param {{ id: string, kind: "alert" | "prompt", title: string, text: string, buttons: string }} question */
  ask({ id, kind, title, text, buttons }) {
    const dialog = document.createElement("dialog");
    dialog.setAttribute("aria-label", title || text);
    const input = document.createElement("input");
    input.setAttribute("aria-label", text);
    if (title) dialog.append(Object.assign(document.createElement("h2"), { textContent: title }));
    dialog.append(Object.assign(document.createElement("p"), { textContent: text }));
    if (kind === "prompt") dialog.append(input);
    const row = document.createElement("div");
    for (const name of buttons.split("_")) {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: name.charAt(0) + name.slice(1).toLowerCase() });
      button.onclick = () => dialog.close(name);
      row.append(button);
    }
    dialog.append(row);
    dialog.addEventListener("close", () => {
      dialog.remove();
      const answer = { button: dialog.returnValue || "CLOSE", text: input.value };
      fetch(`/answers/${id}`, { method: "POST", body: JSON.stringify(answer) });
    });
    document.body.append(dialog);
    dialog.showModal();
  }
}
