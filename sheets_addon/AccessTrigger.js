// @ts-check
/**
 * Renews the access of one's own live runs while the sidebar is closed. A sheet token ends after an hour at most, so a time
 * trigger hands the backend a fresh one until every run has ended; then the trigger deletes itself.
 *
 * A trigger runs with its creator's full authorization. Google lets the trigger of a script that is bound or not published
 * run every few minutes, that of a published add-on once an hour, and gives each person one in a spreadsheet
 * (https://developers.google.com/apps-script/add-ons/concepts/editor-triggers#restrictions_2).
 */

const LIVE_RUNS_PROPERTY = "LEADFILL_LIVE_RUNS";
const RENEWAL_MINUTES_PROPERTY = "LEADFILL_RENEWAL_MINUTES";
const RENEWAL_FUNCTION = "renewAccessOfRuns";
const RENEWAL_MINUTES = 10;
/** A published add-on's trigger runs once an hour. */
const PUBLISHED_RENEWAL_MINUTES = 60;
const LOCK_WAIT_MS = 10_000;
/** The backend ends a run that has waited for access for so long. */
const FORGET_RUN_AFTER_MS = 31 * 24 * 3600 * 1000;
/** Answers after which a run needs nothing any more: it is gone, or has ended, or is not this person's to renew. */
const OVER_STATUSES = [400, 403, 404, 409];

/**
 * Remembers a run and sees to it that the trigger exists. A run goes on without it, too, as long as the sidebar is open.
 *
 * @param {Job} job
 * @returns {Job} the same
 */
function keepAccess_(job) {
  if (isEnded_(job)) return job;
  try {
    changeLiveRuns_((runs) => {
      runs[job.id] = Date.now();
    });
    ensureTrigger_();
  } catch (error) {
    console.warn(`The access of this run is renewed by the sidebar only: ${error}`);
  }
  return job;
}

/**
 * Tries whether there can be a trigger where there is none: a person may not have allowed it, and only an attempt tells how
 * often Google lets it run.
 *
 * @param {string | null} jobId null for a run that was not started yet
 * @returns {number | null} minutes between two renewals while the sidebar is closed; null where none comes
 */
function renewalMinutes_(jobId) {
  if (jobId !== null && !(jobId in liveRuns_())) return null;
  const lock = LockService.getUserLock();
  lock.waitLock(LOCK_WAIT_MS);
  try {
    ensureTrigger_();
    if (Object.keys(liveRuns_()).length === 0) deleteTriggers_();
    return Number(
      PropertiesService.getUserProperties().getProperty(RENEWAL_MINUTES_PROPERTY) ?? PUBLISHED_RENEWAL_MINUTES,
    );
  } catch (error) {
    console.warn(`No trigger can be made: ${error}`);
    return null;
  } finally {
    lock.releaseLock();
  }
}

/** What the trigger calls. */
function renewAccessOfRuns() {
  const over = Object.entries(liveRuns_())
    .filter(([id, since]) => Date.now() - since > FORGET_RUN_AFTER_MS || !renewAccess_(id))
    .map(([id]) => id);
  changeLiveRuns_((runs) => {
    for (const id of over) delete runs[id];
    if (Object.keys(runs).length === 0) deleteTriggers_();
  });
}

/**
 * @param {string} id of a run
 * @returns {boolean} whether it still needs access; also where the backend cannot be reached at the moment
 */
function renewAccess_(id) {
  try {
    return !isEnded_(callApi_("post", jobPath_(id, "access"), {}, { withSheetAccess: true }));
  } catch (error) {
    return !(error instanceof BackendProblem && OVER_STATUSES.includes(error.status));
  }
}

/**
 * @param {Job} job
 * @returns {boolean}
 */
function isEnded_(job) {
  return Boolean(job.finished_at);
}

function ensureTrigger_() {
  if (renewalTriggers_().length > 0) return;
  let minutes = RENEWAL_MINUTES;
  try {
    ScriptApp.newTrigger(RENEWAL_FUNCTION).timeBased().everyMinutes(minutes).create();
  } catch {
    minutes = PUBLISHED_RENEWAL_MINUTES;
    ScriptApp.newTrigger(RENEWAL_FUNCTION)
      .timeBased()
      .everyHours(minutes / 60)
      .create();
  }
  PropertiesService.getUserProperties().setProperty(RENEWAL_MINUTES_PROPERTY, String(minutes));
}

function deleteTriggers_() {
  for (const trigger of renewalTriggers_()) ScriptApp.deleteTrigger(trigger);
}

/** @returns {GoogleAppsScript.Script.Trigger[]} this person's */
function renewalTriggers_() {
  return ScriptApp.getProjectTriggers().filter((trigger) => trigger.getHandlerFunction() === RENEWAL_FUNCTION);
}

/** @returns {Record<string, number>} when each run of this person began, by its id */
function liveRuns_() {
  const kept = PropertiesService.getUserProperties().getProperty(LIVE_RUNS_PROPERTY);
  return kept ? decodeJson_(kept) || {} : {};
}

/**
 * Under a lock: the trigger and the sidebar may change them at the same moment.
 *
 * @param {(runs: Record<string, number>) => void} change
 */
function changeLiveRuns_(change) {
  const lock = LockService.getUserLock();
  lock.waitLock(LOCK_WAIT_MS);
  try {
    const runs = liveRuns_();
    change(runs);
    const properties = PropertiesService.getUserProperties();
    if (Object.keys(runs).length === 0) properties.deleteProperty(LIVE_RUNS_PROPERTY);
    else properties.setProperty(LIVE_RUNS_PROPERTY, JSON.stringify(runs));
  } finally {
    lock.releaseLock();
  }
}
