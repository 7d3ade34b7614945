// @ts-check
/** The menu bar. */

/** @typedef {{ caption: string, keys?: string, run?: () => unknown, items?: Item[] } | null} Item null is a separator */

/**
 * @param {HTMLElement} bar
 * @param {string} caption
 * @param {Item[]} items
 */
export function addMenu(bar, caption, items) {
  const menu = document.createElement("div");
  const opener = Object.assign(document.createElement("button"), { type: "button", textContent: caption });
  opener.setAttribute("aria-haspopup", "menu");
  opener.setAttribute("aria-expanded", "false");
  const list = document.createElement("div");
  list.setAttribute("role", "menu");
  list.setAttribute("aria-label", caption);
  list.hidden = true;
  const close = () => {
    list.hidden = true;
    opener.setAttribute("aria-expanded", "false");
  };
  list.append(...items.map((item) => entry(item, () => (close(), opener.focus()))));
  opener.onclick = () => {
    const isOpen = !list.hidden;
    for (const other of bar.querySelectorAll("[role=menu]")) /** @type {HTMLElement} */ (other).hidden = true;
    if (isOpen) return close();
    list.hidden = false;
    opener.setAttribute("aria-expanded", "true");
    /** @type {HTMLElement | null} */ (list.querySelector("[role=menuitem]"))?.focus();
  };
  list.onkeydown = (event) => {
    const entries = /** @type {HTMLElement[]} */ ([...list.querySelectorAll("[role=menuitem]")]);
    const at = entries.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) entries[(at + step + entries.length) % entries.length].focus();
    if (event.key === "Escape") (close(), opener.focus());
    if (step || event.key === "Escape") event.preventDefault();
  };
  document.addEventListener("mousedown", ({ target }) => menu.contains(/** @type {Node} */ (target)) || close());
  menu.append(opener, list);
  bar.append(menu);
}

/**
 * @param {Item} item
 * @param {() => void} chosen
 * @returns {HTMLElement}
 */
function entry(item, chosen) {
  if (!item) return Object.assign(document.createElement("hr"), { role: "separator" });
  const made = Object.assign(document.createElement("button"), { type: "button", role: "menuitem", tabIndex: -1 });
  made.append(Object.assign(document.createElement("span"), { textContent: item.caption }));
  if (item.keys) made.append(Object.assign(document.createElement("kbd"), { textContent: item.keys }));
  made.onclick = () => {
    chosen();
    item.run?.();
  };
  return made;
}
