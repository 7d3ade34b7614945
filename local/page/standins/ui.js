// @ts-check
import { askServer, Exception, partOf, refuseInFormula } from "./host.js";

/**
 * @typedef {{ caption: string, run?: string, items?: MenuEntry[] } | null} MenuEntry null is a separator
 * @typedef {{ caption: string, items: MenuEntry[] }} MenuTree
 */

/**
 * The Ui of the spreadsheet. What it shows, the page shows; a dialog stops the script until it is answered.
 *
 * @param {import("./host.js").Host} host
 * @returns {GoogleAppsScript.Base.Ui}
 */
export function ui(host) {
  refuseInFormula(host, "SpreadsheetApp.getUi");
  const Button = { OK: "OK", CANCEL: "CANCEL", YES: "YES", NO: "NO", CLOSE: "CLOSE" };
  const ButtonSet = { OK: "OK", OK_CANCEL: "OK_CANCEL", YES_NO: "YES_NO", YES_NO_CANCEL: "YES_NO_CANCEL" };

  /** @param {"alert" | "prompt"} kind @param {any[]} given `prompt, [buttons]` or `title, prompt, [buttons]` */
  const ask = (kind, given) => {
    refuseBeforeAuthorization(host, `Ui.${kind}`);
    const last = given.at(-1);
    const buttons = given.length > 1 && last in ButtonSet ? given.pop() : "OK";
    const [title, text] = given.length > 1 ? given : ["", given[0]];
    const id = crypto.randomUUID();
    host.show("ask", { id, kind, title: String(title ?? ""), text: String(text), buttons });
    return askServer(host, "GET", `/answers/${id}`);
  };
  /** @param {"sidebar" | "modal" | "modeless"} kind @param {GoogleAppsScript.HTML.HtmlOutput} html @param {string} [title] */
  const frame = (kind, html, title) => {
    refuseBeforeAuthorization(host, "Ui.showSidebar");
    if (typeof html?.getContent !== "function") throw new Exception("The parameters don't match the method signature.");
    const [width, height] = [html.getWidth(), html.getHeight()];
    host.show("frame", { kind, html: html.getContent(), title: title ?? html.getTitle(), width, height });
  };
  return partOf("Ui", {
    Button,
    ButtonSet,
    createAddonMenu: () => menu(host, "Leadfill", true),
    /** @param {string} caption */
    createMenu: (caption) => menu(host, caption, false),
    /** @param {GoogleAppsScript.HTML.HtmlOutput} html */
    showSidebar: (html) => frame("sidebar", html),
    /** @param {GoogleAppsScript.HTML.HtmlOutput} html @param {string} title */
    showModalDialog: (html, title) => frame("modal", html, title),
    /** @param {GoogleAppsScript.HTML.HtmlOutput} html @param {string} title */
    showModelessDialog: (html, title) => frame("modeless", html, title),
    /** @param {any[]} given */
    alert: (...given) => ask("alert", given).button,
    /** @param {any[]} given */
    prompt: (...given) => {
      const { button, text } = ask("prompt", given);
      return partOf("PromptResponse", { getSelectedButton: () => button, getResponseText: () => text });
    },
  });
}

/**
 * @param {import("./host.js").Host} host
 * @param {string} what
 * @throws in onOpen, which may run before anybody has authorized anything
 */
function refuseBeforeAuthorization(host, what) {
  if (host.execution.kind === "open") {
    throw new Exception(`You do not have permission to call ${what} (needs script.container.ui).`);
  }
}

/**
 * @param {import("./host.js").Host} host
 * @param {string} caption
 * @param {boolean} isAddon whether it goes under Extensions
 * @returns {any}
 */
function menu(host, caption, isAddon) {
  /** @type {MenuEntry[]} */
  const items = [];
  const made = {
    tree: () => ({ caption, items }),
    /** @param {string} text @param {string} run */
    addItem(text, run) {
      items.push({ caption: text, run });
      return made;
    },
    addSeparator() {
      items.push(null);
      return made;
    },
    /** @param {{ tree(): MenuTree }} inner */
    addSubMenu(inner) {
      items.push(inner.tree());
      return made;
    },
    addToUi: () => host.show("menu", { caption, items, isAddon }),
  };
  return made;
}
