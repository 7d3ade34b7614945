// @ts-check
import { Exception, partOf } from "./host.js";

/** @typedef {GoogleAppsScript.HTML.HtmlOutput} HtmlOutput */

/**
 * HtmlService over the add-on's own files.
 *
 * @param {import("./host.js").Host} host
 * @returns {GoogleAppsScript.HTML.HtmlService}
 */
export function htmlService(host) {
  return partOf("HtmlService", {
    XFrameOptionsMode: { ALLOWALL: "ALLOWALL", DEFAULT: "DEFAULT" },
    SandboxMode: { IFRAME: "IFRAME" },
    createHtmlOutput: output,
    /** @param {string} name */
    createHtmlOutputFromFile: (name) => output(file(host, name)),
    /** @param {string} text */
    createTemplate: (text) => template(host, text),
    /** @param {string} name */
    createTemplateFromFile: (name) => template(host, file(host, name)),
  });
}

/**
 * @param {import("./host.js").Host} host
 * @param {string} name with or without `.html`
 * @returns {string}
 */
function file(host, name) {
  const answer = host.httpSync("GET", `/addon/${encodeURIComponent(name.replace(/\.html$/, ""))}.html`);
  if (answer.status !== 200) throw new Exception(`No HTML file named ${name} was found.`);
  return answer.body;
}

/**
 * @param {string} [content]
 * @returns {HtmlOutput}
 */
function output(content = "") {
  let html = String(content);
  let title = "";
  /** @type {{ width?: number, height?: number }} */
  const size = {};
  /** @type {any} */
  const made = partOf("HtmlOutput", {
    getContent: () => html,
    /** @param {string} more */
    setContent: (more) => ((html = String(more)), made),
    /** @param {string} more */
    append: (more) => ((html += more), made),
    getTitle: () => title,
    /** @param {string} text */
    setTitle: (text) => ((title = text), made),
    getWidth: () => size.width ?? 0,
    getHeight: () => size.height ?? 0,
    /** @param {number} pixels */
    setWidth: (pixels) => ((size.width = pixels), made),
    /** @param {number} pixels */
    setHeight: (pixels) => ((size.height = pixels), made),
    addMetaTag: () => made,
    setSandboxMode: () => made,
    setXFrameOptionsMode: () => made,
  });
  return made;
}

/**
 * @param {import("./host.js").Host} host
 * @param {string} text
 * @returns {GoogleAppsScript.HTML.HtmlTemplate} what is set on it, its scriptlets see as variables
 */
function template(host, text) {
  /** @type {Record<string, unknown>} */
  const variables = {};
  const made = {
    evaluate: () => output(filled(host, text, variables)),
    getRawContent: () => text,
    getCode: () => templateCode(text),
  };
  return /** @type {any} */ (
    new Proxy(made, {
      get: (target, key) => Reflect.get(key in target ? target : variables, key),
      set: (_target, key, value) => Reflect.set(variables, key, value),
    })
  );
}

/**
 * @param {import("./host.js").Host} host
 * @param {string} text
 * @param {Record<string, unknown>} variables
 * @returns {string}
 */
function filled(host, text, variables) {
  const names = Object.keys(variables);
  const fill = host.compile(templateCode(text), ["escaped_", ...names]);
  return fill(escaped, ...names.map((name) => variables[name]));
}

/**
 * `<?= … ?>` escaped, `<?!= … ?>` as it is, `<? … ?>` code.
 *
 * @param {string} text
 * @returns {string} the body of a function
 */
export function templateCode(text) {
  const parts = text.split(/<\?(!?=)?([\s\S]*?)\?>/);
  let code = 'let out_ = "";\n';
  for (let i = 0; i < parts.length; i += 3) {
    code += `out_ += ${JSON.stringify(parts[i])};\n`;
    if (i + 2 >= parts.length) break;
    const [kind, script] = [parts[i + 1], parts[i + 2].trim().replace(/;$/, "")];
    if (kind === "=") code += `out_ += escaped_(${script});\n`;
    else if (kind === "!=") code += `out_ += (${script});\n`;
    else code += `${script};\n`;
  }
  return `${code}return out_;`;
}

/**
 * Google escapes by context; here one escaping holds in text, in quoted attributes and in quoted script strings.
 *
 * @param {unknown} value
 * @returns {string}
 */
function escaped(value) {
  return String(value ?? "").replace(/[&<>"'`\\\n\r\u2028\u2029]/g, (mark) => `&#${mark.charCodeAt(0)};`);
}
