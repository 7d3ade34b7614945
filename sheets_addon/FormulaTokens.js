// @ts-check
/**
 * The spreadsheet's formula token: a custom function cannot show who is asking, so it carries this one instead. It can
 * do nothing but call /v1/formula for this spreadsheet, in the name of the person who made it. Document properties are
 * shared by everybody who edits the file, which is whom it is for.
 */

const FORMULA_TOKEN_PROPERTY = "LEADFILL_FORMULA_TOKEN";
/** A token lives for 14 days: whoever opens the sidebar now and then always has a fresh one. */
const RENEW_AFTER_MS = 24 * 3600 * 1000;

/** @returns {FormulaToken | null} also where it has expired: the backend decides. Without a text it was revoked here. */
function formulaToken_() {
  const kept = PropertiesService.getDocumentProperties().getProperty(FORMULA_TOKEN_PROPERTY);
  return kept ? decodeJson_(kept) || null : null;
}

/**
 * Connects a spreadsheet that nobody has connected yet, and renews a token after a day; only in its maker's sidebar,
 * since formulas spend in the maker's name. What somebody has revoked stays so until somebody connects it again.
 *
 * @returns {FormulaToken}
 */
function keepFormulaToken_() {
  const kept = formulaToken_();
  if (!kept) return newFormulaToken_();
  const isMine = kept.maker === Session.getActiveUser().getEmail().toLowerCase();
  const isOld = Date.now() - Date.parse(kept.issued_at) > RENEW_AFTER_MS;
  return kept.token && isMine && isOld ? newFormulaToken_() : kept;
}

/** @returns {FormulaToken} in place of the earlier one of the same person, which the backend revokes */
function newFormulaToken_() {
  const spreadsheetId = SpreadsheetApp.getActiveSpreadsheet().getId();
  return storeFormulaToken_(
    callApi_("post", "/v1/formula-tokens", { spreadsheet_id: spreadsheetId }, { withSheetAccess: true }),
  );
}

/** @param {string} id */
function revokeFormulaToken_(id) {
  callApi_("delete", `/v1/formula-tokens/${encodeURIComponent(id)}`, null, { withSheetAccess: true });
  const kept = formulaToken_();
  if (kept?.token_id === id) storeFormulaToken_({ ...kept, token: "" });
}

/**
 * @param {FormulaToken} token
 * @returns {FormulaToken}
 */
function storeFormulaToken_(token) {
  PropertiesService.getDocumentProperties().setProperty(FORMULA_TOKEN_PROPERTY, JSON.stringify(token));
  return token;
}

/**
 * @param {FormulaToken | null} kept
 * @returns {FormulaConnection}
 */
function formulaConnection_(kept) {
  if (!kept) return { connected: false, expires_at: null, maker: "", token_id: "" };
  const { expires_at, maker, token_id } = kept;
  return { connected: kept.token !== "" && Date.now() < Date.parse(expires_at), expires_at, maker, token_id };
}
