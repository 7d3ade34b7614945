// @ts-check
/**
 * The spreadsheet's formula token: a custom function cannot show who is asking, so it carries this one instead. It can
 * do nothing but call /v1/formula for this spreadsheet. Document properties are shared by everybody who edits the
 * file, which is whom it is for.
 */

const FORMULA_TOKEN_PROPERTY = "LEADFILL_FORMULA_TOKEN";

/** @typedef {{ token: string, fetched_at: string, expires_at: string }} KeptToken */

/** @returns {KeptToken | null} also where it has expired: the backend decides, its clock counts */
function formulaToken_() {
  const kept = PropertiesService.getDocumentProperties().getProperty(FORMULA_TOKEN_PROPERTY);
  return kept ? decodeJson_(kept) || null : null;
}

/**
 * Fetches a new token once half of the old one's life is over, so that formulas keep working as long as somebody
 * opens Leadfill now and then.
 *
 * @param {boolean} force
 * @returns {KeptToken}
 */
function renewFormulaToken_(force) {
  const kept = formulaToken_();
  if (kept && !force) {
    const halfLife = (Date.parse(kept.fetched_at) + Date.parse(kept.expires_at)) / 2;
    if (Date.now() < halfLife) return kept;
  }
  const spreadsheetId = SpreadsheetApp.getActiveSpreadsheet().getId();
  const fresh = callApi_("post", "/v1/formula-tokens", { spreadsheet_id: spreadsheetId }, { withSheetAccess: true });
  const token = { token: fresh.token, fetched_at: new Date().toISOString(), expires_at: fresh.expires_at };
  PropertiesService.getDocumentProperties().setProperty(FORMULA_TOKEN_PROPERTY, JSON.stringify(token));
  return token;
}

/**
 * @param {KeptToken | null} token
 * @returns {FormulaConnection}
 */
function formulaConnection_(token) {
  if (!token) return { connected: false, expires_at: null };
  return { connected: Date.now() < Date.parse(token.expires_at), expires_at: token.expires_at };
}
