// @ts-check
/** F6 goes through the parts of the page, as in office suites: the grid keeps Tab and the arrows for its cells. */

/** @param {HTMLElement[]} parts in their order, the grid first; those that are hidden are left out */
export function regions(parts) {
  const [grid, menus] = parts;
  const go = (/** @type {number} */ side) => {
    const shown = parts.filter((part) => !part.hidden);
    const at = shown.findIndex((part) => part.contains(document.activeElement));
    for (let i = 1; i <= shown.length; i++) {
      const target = focusable(shown[(at + side * i + shown.length * 2) % shown.length]);
      if (target) return target.focus();
    }
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented && menus.contains(document.activeElement)) grid.focus();
    if (event.key !== "F6") return;
    event.preventDefault();
    go(event.shiftKey ? -1 : 1);
  });
  // Keys inside of the sidebar's frame are not heard here; its bridge tells of this one.
  addEventListener("message", ({ data }) => {
    if (data?.leadfill === "leave") go(data.back ? -1 : 1);
  });
}

/** @param {HTMLElement} part @returns {HTMLElement | null} */
function focusable(part) {
  if (part.matches("input, [tabindex]")) return part;
  return part.querySelector("iframe, [aria-pressed=true], button:not([tabindex='-1'])");
}
