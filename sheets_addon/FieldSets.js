// @ts-check
/** Sets of fields that people keep: user properties for oneself, document properties for the team. */

const FIELD_SETS = "LEADFILL_FIELD_SETS";
const MOST_SETS = 20;
/** Google keeps 9 kB in one property. */
const LONGEST_SETS = 9000;

/** @returns {FieldSets} */
function fieldSets_() {
  return { own: setsOf_("own"), team: setsOf_("team") };
}

/**
 * @param {SetOwner} owner
 * @returns {GoogleAppsScript.Properties.Properties}
 */
function setProperties_(owner) {
  return owner === "team" ? PropertiesService.getDocumentProperties() : PropertiesService.getUserProperties();
}

/**
 * @param {SetOwner} owner
 * @returns {Preset[]}
 */
function setsOf_(owner) {
  const kept = decodeJson_(setProperties_(owner).getProperty(FIELD_SETS) ?? "[]");
  return Array.isArray(kept) ? kept.filter((set) => typeof set?.name === "string" && Array.isArray(set.fields)) : [];
}

/**
 * @param {SetOwner} owner
 * @param {string} name
 * @param {FieldName[]} fields none: the set is deleted
 * @returns {FieldSets}
 */
function keepFieldSet_(owner, name, fields) {
  const lock = LockService.getDocumentLock();
  lock?.waitLock(5000); // two people of a team may save at once
  try {
    const others = setsOf_(owner).filter((set) => set.name !== name);
    const sets = fields.length > 0 ? [...others, { name: name.slice(0, 60), fields }] : others;
    const text = JSON.stringify(sets);
    if (sets.length > MOST_SETS || text.length > LONGEST_SETS) {
      const sentence = "No more sets can be kept here. Delete one that is not used any more.";
      throw new BackendProblem(sentence, "choice", 0);
    }
    setProperties_(owner).setProperty(FIELD_SETS, text);
  } finally {
    lock?.releaseLock();
  }
  return fieldSets_();
}
