// @ts-check
/** What cells lead to: a name may link to a profile, and its text does not tell. */

/** A person's profile, also inside of a redirect, where its address is encoded. */
const PERSON_ADDRESS = /linkedin\.com(?:\/|%2F)(?:(?:mwlite|comm)(?:\/|%2F))?(?:in|pub)(?:\/|%2F)[^/?#\s]/i;
/** With an address that stands in it; one that is put together cannot be told from here. */
const HYPERLINK_FORMULA = /^=\s*HYPERLINK\(\s*"((?:[^"]|"")*)"\s*[,;)]/i;

/**
 * @param {GoogleAppsScript.Spreadsheet.Range} range
 * @returns {string[][][]} of each cell what it shows, then every address that it or a part of it leads to
 */
function readWithLinks_(range) {
  const shown = range.getDisplayValues();
  const formulas = range.getFormulas();
  const rich = range.getRichTextValues();
  return shown.map((line, r) =>
    line.map((text, c) => {
      const formula = HYPERLINK_FORMULA.exec(formulas[r]?.[c] ?? "")?.[1]?.replaceAll('""', '"');
      return [text, ...(formula ? [formula] : []), ...linksIn_(rich[r]?.[c] ?? null)];
    }),
  );
}

/**
 * @param {GoogleAppsScript.Spreadsheet.RichTextValue | null} value null where the cell holds no text
 * @returns {string[]}
 */
function linksIn_(value) {
  if (value === null) return [];
  const links = [value.getLinkUrl(), ...value.getRuns().map((run) => run.getLinkUrl())];
  return [...new Set(links.filter((link) => link !== null && link !== ""))].map(String);
}
