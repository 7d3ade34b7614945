/**
 * The scripts inside of the Sidebar*.html files, which Apps Script can only include as HTML. Run by itself, it writes
 * them to `.check/` for the type checker, at the same lines as in the HTML.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const ADDON = fileURLToPath(new URL("../", import.meta.url));

/** @returns {{ name: string, code: string }[]} in the order in which Sidebar.html includes them */
export function sidebarScripts() {
  const page = readFileSync(`${ADDON}Sidebar.html`, "utf8");
  const included = [...page.matchAll(/include_\("(\w+)"\)/g)].map(([, name]) => String(name));
  const files = readdirSync(ADDON).filter((file) => /^Sidebar.+\.html$/.test(file));
  const forgotten = files.filter((file) => !included.includes(file.replace(".html", "")));
  if (forgotten.length > 0) throw new Error(`Sidebar.html does not include ${forgotten.join(", ")}.`);
  return included.flatMap((name) => {
    const html = readFileSync(`${ADDON}${name}.html`, "utf8");
    const [, before, code] = /^([\s\S]*?)<script>([\s\S]*)<\/script>\s*$/.exec(html) ?? [];
    return code === undefined ? [] : [{ name, code: (before ?? "").replace(/[^\n]/g, "") + code }];
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  rmSync(`${ADDON}.check`, { recursive: true, force: true });
  mkdirSync(`${ADDON}.check`);
  for (const { name, code } of sidebarScripts()) writeFileSync(`${ADDON}.check/${name}.js`, code);
}
