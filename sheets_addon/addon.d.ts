/**
 * The contract between the sidebar and Server.js: each member of `Rpc` is a function there, called through
 * google.script.run. Only values that survive that way are used: no Date, no undefined, no class instances.
 * What the backend answers is passed on as it came; its shapes are in types.d.ts.
 */

/** One value of a cell as Apps Script gives it. */
type CellValue = string | number | boolean | Date;

/** Why something did not work: a sentence for a person, and a stable word for code. */
interface CallProblem {
  sentence: string;
  /** `urn:leadfill:problem:<slug>` of the backend, or `unreachable`, `not-connected`, `addon`. */
  slug: string;
  /** HTTP status, 0 where there was no answer. */
  status: number;
}

/** What every function of `Rpc` really returns: google.script.run would keep only an error's message. */
type Answer<T> = { ok: true; value: T } | { ok: false; problem: CallProblem };

type FieldName = string;

interface ColumnGuess {
  /** A1 letters. */
  column: string;
  /** What the header says, cut short; "" where it says nothing. */
  title: string;
  /** How many of the first rows that were looked at name a person, by what they show or lead to. */
  urls: number;
}

/** Whose a set of fields is: one's own in every spreadsheet, or everybody's in this one. */
type SetOwner = "own" | "team";

type FieldSets = Record<SetOwner, Preset[]>;

/** What the sheet suggests for step 1. Rows count from 1. */
interface Selection {
  spreadsheet_id: string;
  sheet: string;
  columns: ColumnGuess[];
  /** The column with the URLs, or null where none was found. */
  url_column: string | null;
  /** Whether `urls` of the columns count all rows, and not only the first ones. */
  all_counted: boolean;
  first_row: number;
  last_row: number;
  /** Whether the rows come from what is selected, and not from the whole sheet. */
  selected: boolean;
  /** What is selected, piece by piece. Several pieces are no rows of a run, but a trial can take them. */
  parts: RowSpan[];
}

interface RowSpan {
  first_row: number;
  last_row: number;
}

/** Every option of a run, as the API has it. */
type Options = Required<Omit<JobRequest, "spreadsheet_id" | "range" | "fields">>;

/** What is kept for a sheet until the next time. */
interface Remembered extends Pick<Options, "write" | "placement" | "providers" | "go_on_without"> {
  fields: FieldName[];
}

/** Everything that a plan depends on. */
interface Choice extends Options {
  sheet: string;
  url_column: string;
  first_row: number;
  last_row: number;
  fields: FieldName[];
}

interface Start {
  selection: Selection;
  remembered: Remembered | null;
}

/** A plan with the key under which it can be started once, however often the button is pressed. */
interface PlanToConfirm {
  plan: Plan;
  idempotency_key: string;
}

/** What a retry would do, with the key that makes a run of one's own of somebody else's, once. */
interface RetryToConfirm {
  plans: RetryPlans;
  idempotency_key: string;
}

/** How access to the sheet is renewed while the sidebar is closed. */
interface Renewal {
  /** Between two renewals; null where none comes. */
  minutes: number | null;
}

/** Which rows of a job: of an outcome, or without a field's value; with a certain reason only. */
interface WantedRows {
  outcome: Outcome | null;
  without: FieldName | null;
  detail: string | null;
}

interface SelectedRows {
  selected: number;
  /** Where further rows of the same kind begin; null where these are the last. */
  next_page: string | null;
  /** Each reason given, and how many of the rows of this page have it; most frequent first. Of unusable rows its name. */
  details: { detail: string; rows: number }[];
}

interface SettingsView {
  email: string;
  /** The host that this add-on talks to. */
  backend: string;
  /** This script's OAuth client id; "" where Google gives no identity. */
  client_id: string;
  formulas: FormulaConnection;
  /** Name of the sheet at hand, and whether choices are remembered for it. */
  sheet: string;
  remembered: boolean;
}

interface FormulaConnection {
  connected: boolean;
  /** ISO time, or null where no token is kept. */
  expires_at: string | null;
  /** Address of the person in whose name formulas ask; "" where no token is kept. */
  maker: string;
  token_id: string;
}

/** An ENRICH formula for a choice, and the first free cell for it. */
interface FormulaSuggestion {
  formula: string;
  /** A1, on the choice's tab. */
  cell: string;
  /** People whom it looks up. */
  lookups: number;
}

interface Recalculated {
  formulas: number;
}

interface Rpc {
  getStart(): Start;
  detectSelection(): Selection;
  allRows(sheet: string): RowSpan;
  listFields(): Catalogue;
  checkField(choice: Choice, field: string): CheckedField;
  listFieldSets(): FieldSets;
  keepFieldSet(owner: SetOwner, name: string, fields: FieldName[]): FieldSets;
  listProviders(): Providers;
  planRun(choice: Choice): PlanToConfirm;
  suggestFormula(choice: Choice): FormulaSuggestion;
  insertFormula(choice: Choice, cell: string, headers: string[]): string;
  startJob(choice: Choice, maxCredits: Record<string, string>, planId: string, idempotencyKey: string): Job;
  listJobs(): Job[];
  getJob(id: string): Job;
  cancelJob(id: string): Job;
  planRetry(id: string): RetryToConfirm;
  retryJob(id: string, retryInDoubt: boolean, maxCredits: Record<string, string>, idempotencyKey: string): Job;
  undoJob(id: string): Job;
  giveAccess(id: string): Job;
  getRenewal(jobId: string | null): Renewal;
  getColumns(id: string): FilledColumns;
  selectRows(id: string, wanted: WantedRows, page: string): SelectedRows;
  selectUnusable(choice: Choice, reason: string): number;
  showToast(sentence: string): null;
  getUsage(days: number): Usage;
  getSettings(): SettingsView;
  getVersion(): string;
  connectFormulas(): FormulaConnection;
  keepFormulasConnected(): FormulaConnection;
  listFormulaTokens(): FormulaTokenEntry[];
  revokeFormulaToken(id: string): FormulaConnection;
  recalculateFormulas(): Recalculated;
  forgetChoices(): null;
  erasePerson(linkedinUrl: string): null;
  liftErasure(linkedinUrl: string): LiftedErasure;
  checkInstallation(timedRows: number): Check;
}
