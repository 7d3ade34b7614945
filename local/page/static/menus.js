// @ts-check
/** The menu bar. */

/** @typedef {{ caption: string, keys?: string, isCurrent?: boolean, run?: () => unknown } | null} Item null is a separator */

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
    const side = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) entries[(at + step + entries.length) % entries.length].focus();
    else if (event.key === "Home") entries[0].focus();
    else if (event.key === "End") entries[entries.length - 1].focus();
    else if (event.key === "Escape") (close(), opener.focus());
    else if (side) (close(), neighbour(bar, opener, side).click());
    else return;
    event.preventDefault();
  };
  opener.onkeydown = (event) => {
    const side = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (side) neighbour(bar, opener, side).focus();
    else if (event.key === "ArrowDown" && list.hidden) opener.click();
    else return;
    event.preventDefault();
  };
  document.addEventListener("mousedown", ({ target }) => menu.contains(/** @type {Node} */ (target)) || close());
  menu.append(opener, list);
  bar.append(menu);
}

/**
 * @param {HTMLElement} bar
 * @param {HTMLElement} opener
 * @param {number} side
 * @returns {HTMLElement} the button of the next menu
 */
function neighbour(bar, opener, side) {
  const openers = /** @type {HTMLElement[]} */ ([...bar.querySelectorAll("[aria-haspopup]")]);
  return openers[(openers.indexOf(opener) + side + openers.length) % openers.length];
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
  if (item.isCurrent) made.setAttribute("aria-current", "true");
  if (item.keys) made.append(Object.assign(document.createElement("kbd"), { textContent: item.keys }));
  made.onclick = () => {
    chosen();
    item.run?.();
  };
  return made;
}
