// @ts-check
/**
 * What the sidebar calls: one public function for each member of `Rpc` in addon.d.ts, and no other. Each returns an
 * `Answer`, never throws for a reason that a person can understand.
 */

/**
 * @template T
 * @param {() => T} work
 * @returns {Answer<T>}
 */
function answer_(work) {
  try {
    return { ok: true, value: work() };
  } catch (error) {
    return { ok: false, problem: problemOf_(error) };
  }
}

/**
 * @param {unknown} error
 * @returns {CallProblem}
 */
function problemOf_(error) {
  if (error instanceof BackendProblem) return { sentence: error.message, slug: error.slug, status: error.status };
  console.error(error);
  const said = error instanceof Error ? error.message : String(error);
  return { sentence: `Google Sheets did not do what was asked: ${said}`, slug: "addon", status: 0 };
}

/** @returns {Answer<Start>} without a call to the backend: the sidebar shows at once, also while that is down */
function getStart() {
  return answer_(() => ({
    selection: describeSelection_("person"),
    remembered: rememberedChoice_(SpreadsheetApp.getActiveSheet().getSheetId()),
  }));
}

/** @returns {Answer<Selection>} */
function detectSelection() {
  return answer_(() => describeSelection_("any"));
}

/**
 * @param {string} sheet
 * @returns {Answer<RowSpan>} all of its rows below the header
 */
function allRows(sheet) {
  return answer_(() => allRows_(sheet));
}

/** @returns {Answer<Catalogue>} the same for everybody, hence cached for the script */
function listFields() {
  return answer_(() => {
    const cache = CacheService.getScriptCache();
    const key = cacheKey_(["fields", backendUrl_("api")]);
    const before = cache?.get(key);
    if (before) return JSON.parse(before);
    const catalogue = callApi_("get", "/v1/fields");
    const text = JSON.stringify(catalogue);
    if (text.length <= PIECE_LENGTH) cache?.put(key, text, 600);
    return catalogue;
  });
}

/**
 * @param {Choice} choice
 * @param {string} field as somebody writes it
 * @returns {Answer<CheckedField>} what is wrong with it, or what it gives for somebody of the chosen rows who is known
 */
function checkField(choice, field) {
  return answer_(() => {
    /** @type {FieldCheckBody} */
    const body = { field, urls: someUrls_(choice) };
    return callApi_("post", "/v1/field-checks", body);
  });
}

/** @returns {Answer<FieldSets>} one's own, and those of everybody who uses this spreadsheet */
function listFieldSets() {
  return answer_(fieldSets_);
}

/**
 * @param {SetOwner} owner
 * @param {string} name
 * @param {FieldName[]} fields none: the set is deleted
 * @returns {Answer<FieldSets>}
 */
function keepFieldSet(owner, name, fields) {
  return answer_(() => keepFieldSet_(owner, name, fields));
}

/** @returns {Answer<Providers>} in the order in which they are asked; never from a cache, since credits are spent */
function listProviders() {
  return answer_(() => callApi_("get", "/v1/providers"));
}

/**
 * @param {Choice} choice
 * @returns {Answer<PlanToConfirm>}
 */
function planRun(choice) {
  return answer_(() => {
    const plan = callApi_("post", "/v1/plan", planBody_(choice), { withSheetAccess: true });
    rememberChoice_(sheetIdOf_(choice.sheet), choice);
    return { plan, idempotency_key: Utilities.getUuid() };
  });
}

/**
 * @param {Choice} choice
 * @returns {Answer<FormulaSuggestion>}
 */
function suggestFormula(choice) {
  return answer_(() => {
    const suggestion = suggestFormula_(choice);
    const { lookups } = callApi_("post", "/v1/plan", formulaPlanBody_(choice), { withSheetAccess: true });
    rememberChoice_(sheetIdOf_(choice.sheet), choice);
    return { ...suggestion, lookups };
  });
}

/**
 * @param {Choice} choice
 * @param {string} cell A1
 * @param {string[]} headers
 * @returns {Answer<string>} the cells that it fills
 */
function insertFormula(choice, cell, headers) {
  return answer_(() => insertFormula_(choice, cell, headers));
}

/**
 * @param {Choice} choice
 * @param {Record<string, string>} maxCredits the figures that were confirmed, by provider
 * @param {string} planId of the plan that was confirmed
 * @param {string} idempotencyKey
 * @returns {Answer<Job>}
 */
function startJob(choice, maxCredits, planId, idempotencyKey) {
  /** @returns {JobBody} */
  const body = () => ({ ...planBody_(choice), max_credits: maxCredits, plan_id: planId });
  return answer_(() => keepAccess_(callApi_("post", "/v1/jobs", body(), { withSheetAccess: true, idempotencyKey })));
}

/** @returns {Answer<Job[]>} newest first */
function listJobs() {
  const id = () => encodeURIComponent(SpreadsheetApp.getActiveSpreadsheet().getId());
  return answer_(() => callApi_("get", `/v1/jobs?spreadsheet_id=${id()}`, null, { withSheetAccess: true }).jobs);
}

/**
 * @param {string} id
 * @returns {Answer<Job>}
 */
function getJob(id) {
  return answer_(() => callApi_("get", jobPath_(id), null, { withSheetAccess: true }));
}

/**
 * @param {string} id
 * @returns {Answer<Job>}
 */
function cancelJob(id) {
  return answer_(() => callApi_("post", jobPath_(id, "cancel"), {}, { withSheetAccess: true }));
}

/**
 * @param {string} id
 * @returns {Answer<RetryToConfirm>}
 */
function planRetry(id) {
  return answer_(() => {
    const plans = callApi_("get", jobPath_(id, "retry"), null, { withSheetAccess: true });
    return { plans, idempotency_key: Utilities.getUuid() };
  });
}

/**
 * @param {string} id
 * @param {boolean} retryInDoubt
 * @param {Record<string, string>} maxCredits what the retry may cost with each provider
 * @param {string} idempotencyKey
 * @returns {Answer<Job>}
 */
function retryJob(id, retryInDoubt, maxCredits, idempotencyKey) {
  /** @type {RetryBody} */
  const body = { retry_in_doubt: retryInDoubt, max_credits: maxCredits };
  const options = { withSheetAccess: true, idempotencyKey };
  return answer_(() => keepAccess_(callApi_("post", jobPath_(id, "retry"), body, options)));
}

/**
 * @param {string} id
 * @returns {Answer<Job>}
 */
function undoJob(id) {
  return answer_(() => keepAccess_(callApi_("post", jobPath_(id, "undo"), {}, { withSheetAccess: true })));
}

/**
 * @param {string} id of a job whose sheet token ran out
 * @returns {Answer<Job>}
 */
function giveAccess(id) {
  return answer_(() => callApi_("post", jobPath_(id, "access"), {}, { withSheetAccess: true }));
}

/**
 * @param {string | null} jobId null for a run that was not started yet
 * @returns {Answer<Renewal>} without a call to the backend
 */
function getRenewal(jobId) {
  return answer_(() => ({ minutes: renewalMinutes_(jobId) }));
}

/**
 * @param {string} id
 * @returns {Answer<FilledColumns>}
 */
function getColumns(id) {
  return answer_(() => callApi_("get", jobPath_(id, "columns"), null, { withSheetAccess: true }));
}

/**
 * @param {string} id
 * @param {WantedRows} wanted
 * @param {string} page as an earlier answer named it; "" for the first
 * @returns {Answer<SelectedRows>}
 */
function selectRows(id, wanted, page) {
  return answer_(() => {
    const job = callApi_("get", jobPath_(id), null, { withSheetAccess: true });
    if (wanted.outcome === "unusable") return selectUnusableOf_(job, wanted.detail);
    const { reports, next_page } = rowReports_(id, wanted, page);
    const chosen = reports.filter(({ detail }) => wanted.detail === null || detail === wanted.detail);
    return { ...showRows_(job.range, chosen), next_page, details: detailCounts_(reports) };
  });
}

/**
 * @param {Choice} choice
 * @param {string} reason
 * @returns {Answer<number>} rows that are selected now
 */
function selectUnusable(choice, reason) {
  return answer_(() => selectUnusable_(planBody_(choice), reason).selected);
}

/**
 * @param {string} sentence
 * @returns {Answer<null>}
 */
function showToast(sentence) {
  return answer_(() => {
    SpreadsheetApp.getActiveSpreadsheet().toast(sentence, "Leadfill", 8);
    return null;
  });
}

/**
 * @param {number} days
 * @returns {Answer<Usage>}
 */
function getUsage(days) {
  return answer_(() => callApi_("get", `/v1/usage?days=${Number(days)}`));
}

/** @returns {Answer<SettingsView>} without a call to the backend */
function getSettings() {
  return answer_(() => {
    const sheet = SpreadsheetApp.getActiveSheet();
    return {
      email: Session.getActiveUser().getEmail(),
      backend: backendUrl_("api").replace(/^https?:\/\/([^/]+).*$/, "$1"),
      client_id: clientId_(),
      formulas: formulaConnection_(formulaToken_()),
      sheet: sheet.getName(),
      remembered: rememberedChoice_(sheet.getSheetId()) !== null,
    };
  });
}

/** @returns {Answer<string>} of the server */
function getVersion() {
  return answer_(() => {
    /** @type {Health} */
    const health = callApi_("get", "/healthz");
    return health.version;
  });
}

/** @returns {Answer<FormulaConnection>} in the name of the person at the keyboard, whoever's it was before */
function connectFormulas() {
  return answer_(() => formulaConnection_(newFormulaToken_()));
}

/** @returns {Answer<FormulaConnection>} after what an opened sidebar does on its own */
function keepFormulasConnected() {
  return answer_(() => formulaConnection_(keepFormulaToken_()));
}

/** @returns {Answer<FormulaTokenEntry[]>} newest first */
function listFormulaTokens() {
  const id = () => encodeURIComponent(SpreadsheetApp.getActiveSpreadsheet().getId());
  return answer_(
    () => callApi_("get", `/v1/formula-tokens?spreadsheet_id=${id()}`, null, { withSheetAccess: true }).tokens,
  );
}

/**
 * @param {string} id
 * @returns {Answer<FormulaConnection>}
 */
function revokeFormulaToken(id) {
  return answer_(() => {
    revokeFormulaToken_(id);
    return formulaConnection_(formulaToken_());
  });
}

/** @returns {Answer<Recalculated>} */
function recalculateFormulas() {
  return answer_(() => ({ formulas: recalculateSheet_(SpreadsheetApp.getActiveSheet()) }));
}

/** @returns {Answer<null>} */
function forgetChoices() {
  return answer_(() => {
    forgetChoice_(SpreadsheetApp.getActiveSheet().getSheetId());
    return null;
  });
}

/**
 * @param {string} linkedinUrl in the body, so that no log of addresses holds it
 * @returns {Answer<null>}
 */
function erasePerson(linkedinUrl) {
  return answer_(() => callApi_("post", "/v1/erasures", { linkedin_url: linkedinUrl }));
}

/**
 * @param {string} linkedinUrl of a person who was erased
 * @returns {Answer<LiftedErasure>}
 */
function liftErasure(linkedinUrl) {
  return answer_(() => callApi_("post", "/v1/erasures/lift", { linkedin_url: linkedinUrl }));
}

/**
 * @param {number} timedRows instead of all else, time a tab of so many rows; 0: make none
 * @returns {Answer<Check>}
 */
function checkInstallation(timedRows) {
  return answer_(() => {
    const body = { spreadsheet_id: SpreadsheetApp.getActiveSpreadsheet().getId(), timed_rows: Number(timedRows) };
    return callApi_("post", "/v1/check", body, { withSheetAccess: true, timeoutSeconds: CHECK_TIMEOUT_S });
  });
}

/**
 * @param {Choice} choice
 * @returns {JobRequest} for /v1/plan and, with a ceiling, for /v1/jobs
 */
function planBody_(choice) {
  const { sheet, url_column, first_row, last_row, columns, ...request } = choice;
  const chosen = Object.entries(columns).filter(([field]) => choice.fields.includes(field));
  return {
    spreadsheet_id: SpreadsheetApp.getActiveSpreadsheet().getId(),
    range: rangeOf_(choice),
    ...request,
    columns: Object.fromEntries(chosen),
  };
}

/**
 * @param {string} id
 * @param {"" | "cancel" | "retry" | "undo" | "access" | "rows" | "columns"} [verb]
 * @returns {string}
 */
function jobPath_(id, verb = "") {
  return `/v1/jobs/${encodeURIComponent(id)}${verb && `/${verb}`}`;
}

/**
 * @param {string} name
 * @returns {number}
 */
function sheetIdOf_(name) {
  const sheet = SpreadsheetApp.getActiveSpreadsheet().getSheetByName(name) ?? SpreadsheetApp.getActiveSheet();
  return sheet.getSheetId();
}
