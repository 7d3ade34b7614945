/**
 * The contract between the sidebar and Server.js: each member of `Rpc` is a function there, called through
 * google.script.run. Only values that survive that way are used: no Date, no undefined, no class instances.
 * What the backend answers is passed on as it came, so its shapes appear here too.
 */

/** One value of a cell as Apps Script gives it. */
type CellValue = string | number | boolean | Date;

/** Why something did not work: a sentence for a person, and a stable word for code. */
interface Problem {
  sentence: string;
  /** `urn:leadfill:problem:<slug>` of the backend, or `unreachable`, `not-connected`, `addon`. */
  slug: string;
  /** HTTP status, 0 where there was no answer. */
  status: number;
}

/** What every function of `Rpc` really returns: google.script.run would keep only an error's message. */
type Answer<T> = { ok: true; value: T } | { ok: false; problem: Problem };

type FieldName = string;

interface Field {
  name: FieldName;
  header: string;
  group: string;
  description: string;
  example: string;
}

interface Preset {
  name: string;
  fields: FieldName[];
}

interface Catalogue {
  fields: Field[];
  presets: Preset[];
}

interface ColumnGuess {
  /** A1 letters. */
  column: string;
  /** What row 1 says, cut short; "" where it is empty. */
  title: string;
  /** How many of the first rows that were looked at hold a LinkedIn URL. */
  urls: number;
}

/** What the sheet suggests for step 1. Rows count from 1. */
interface Selection {
  spreadsheet_id: string;
  sheet: string;
  columns: ColumnGuess[];
  /** The column with the URLs, or null where none was found. */
  url_column: string | null;
  header: "yes" | "no";
  first_row: number;
  last_row: number;
  /** Whether the rows come from a selection of several rows, and not from the whole sheet. */
  selected: boolean;
}

interface Options {
  write: "empty" | "all";
  placement: "reuse" | "new";
}

/** What is kept for a sheet until the next time. */
interface Remembered extends Options {
  fields: FieldName[];
}

/** Everything that a plan depends on. */
interface Choice extends Remembered {
  sheet: string;
  url_column: string;
  first_row: number;
  last_row: number;
  header: "yes" | "no";
  retry_in_doubt: boolean;
}

interface Start {
  selection: Selection;
  remembered: Remembered | null;
}

interface PlannedColumn {
  field: FieldName;
  header: string;
  column: string;
  new: boolean;
}

/** rows = unusable + already_filled + duplicates + known + in_doubt + lookups */
interface Plan {
  range: string;
  url_column: string;
  header_row: number | null;
  rows: number;
  unusable: number;
  unusable_reasons: Record<string, number>;
  already_filled: number;
  duplicates: number;
  known: number;
  in_doubt: number;
  lookups: number;
  max_credits: number;
  credits_left: number;
  columns: PlannedColumn[];
}

/** A plan with the key under which it can be started once, however often the button is pressed. */
interface PlanToConfirm {
  plan: Plan;
  idempotency_key: string;
}

type Outcome =
  | "enriched"
  | "known"
  | "not_found"
  | "unusable"
  | "already_filled"
  | "moved"
  | "failed"
  | "in_doubt"
  | "cancelled";

type JobState =
  | "queued"
  | "running"
  | "waiting_for_access"
  | "cancelling"
  | "cancelled"
  | "stopped"
  | "done"
  | "undoing"
  | "undone";

interface Job {
  id: string;
  spreadsheet_id: string;
  range: string;
  fields: FieldName[];
  state: JobState;
  rows: number;
  counts: Partial<Record<Outcome, number>>;
  done: number;
  /** 0 … 1 */
  progress: number;
  /** Decimal text; a ceiling is a whole number. */
  credits: { charged: string; in_doubt: string; ceiling: number };
  rate_per_s: number | null;
  eta_s: number | null;
  message: string | null;
  created_at: string;
  finished_at: string | null;
  can: ("cancel" | "retry" | "undo")[];
}

interface RowReport {
  row: number;
  linkedin_url: string;
  outcome: Outcome;
  detail: string;
}

interface RowPage {
  rows: RowReport[];
  next_page_token: string | null;
}

interface SelectedRows {
  selected: number;
  /** Whether there are more rows with this outcome than were selected. */
  more: boolean;
  /** Each reason given, and how many of the selected rows have it; most frequent first. */
  details: { detail: string; rows: number }[];
}

interface UsageDay {
  /** ISO date. */
  date: string;
  user: string;
  spreadsheet_id: string;
  charged: string;
  in_doubt: string;
}

interface Usage {
  days: UsageDay[];
  caps: { cap: string; limit: number; used: number }[];
}

interface SettingsView {
  email: string;
  /** The host that this add-on talks to. */
  backend: string;
  formulas: FormulaConnection;
  /** Name of the sheet at hand, and whether choices are remembered for it. */
  sheet: string;
  remembered: boolean;
}

interface FormulaConnection {
  connected: boolean;
  /** ISO time, or null where no token is kept. */
  expires_at: string | null;
}

interface Recalculated {
  formulas: number;
}

interface Rpc {
  getStart(): Start;
  detectSelection(): Selection;
  listFields(): Catalogue;
  planRun(choice: Choice): PlanToConfirm;
  startJob(choice: Choice, maxCredits: number, idempotencyKey: string): Job;
  listJobs(): Job[];
  getJob(id: string): Job;
  cancelJob(id: string): Job;
  retryJob(id: string, retryInDoubt: boolean, maxCredits: number): Job;
  undoJob(id: string): Job;
  giveAccess(id: string): Job;
  selectRows(id: string, outcome: Outcome): SelectedRows;
  getUsage(days: number): Usage;
  getSettings(): SettingsView;
  connectFormulas(force: boolean): FormulaConnection;
  recalculateFormulas(): Recalculated;
  forgetChoices(): null;
  erasePerson(linkedinUrl: string): null;
  liftErasure(linkedinUrl: string): null;
}
