// @ts-check
/** What was chosen last for each sheet; document properties, so that colleagues find it too. */

/**
 * @param {number} sheetId survives renaming, unlike the name
 * @returns {string}
 */
function choiceProperty_(sheetId) {
  return `LEADFILL_CHOICE_${sheetId}`;
}

/**
 * @param {number} sheetId
 * @returns {Remembered | null}
 */
function rememberedChoice_(sheetId) {
  const kept = PropertiesService.getDocumentProperties().getProperty(choiceProperty_(sheetId));
  const choice = kept ? decodeJson_(kept) : null;
  return Array.isArray(choice?.fields) ? choice : null;
}

/**
 * @param {number} sheetId
 * @param {Remembered} choice
 */
function rememberChoice_(sheetId, choice) {
  const { fields, write, placement, providers, go_on_without } = choice;
  /** @type {Remembered} */
  const kept = { fields, write, placement, providers, go_on_without };
  const text = JSON.stringify(kept);
  const properties = PropertiesService.getDocumentProperties();
  // The properties have daily quotas, and a plan is made again at each look.
  if (properties.getProperty(choiceProperty_(sheetId)) !== text) properties.setProperty(choiceProperty_(sheetId), text);
}

/** @param {number} sheetId */
function forgetChoice_(sheetId) {
  PropertiesService.getDocumentProperties().deleteProperty(choiceProperty_(sheetId));
}
