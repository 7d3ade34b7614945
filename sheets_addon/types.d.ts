/** The requests and answers of the API. Made from docs/openapi.json by `python -m tools.addon_types`. */

/** Something that holds at Google, or does not. */
type Assumption = "access" | "anchors" | "banding" | "chips" | "filter" | "followed" | "freed" | "gone" | "header" | "identity" | "links" | "nothing" | "nulls" | "proof" | "read" | "spills" | "strict" | "table" | "taken" | "tidy" | "typed" | "write";

/** The use of a cap of one provider. */
interface CapUse {
  provider: string;
  cap: string;
  /** Credits, as decimal text */
  limit: string;
  /** Credits, as decimal text */
  used: string;
}

/** The fields and presets to choose from. */
interface Catalogue {
  fields: Field[];
  presets: Preset[];
}

/** What was tried, in the order in which it was. */
interface Check {
  lines: CheckLine[];
  /** Why no run can start from now on; null if they can */
  runs_are_off: string | null;
}

/** The spreadsheet in whose temporary tab it is tried what Leadfill relies on at Google. */
interface CheckBody {
  spreadsheet_id: string;
  /** Instead of all else, time a tab of so many rows and 25 columns; 0: no large tab is made */
  timed_rows?: number;
}

/** One thing that Leadfill relies on at Google. */
interface CheckLine {
  name: Assumption;
  title: string;
  verdict: Verdict;
  /** What the verdict means for a person */
  sentence: string;
}

/** A field as it would be, with an example. */
interface CheckedField {
  /** Title of its column; empty where the field has a problem */
  header: string;
  /** A sentence; empty where the field can be used */
  problem: string;
  /** Whom the example is of; empty where nobody of them is known */
  person: string;
  /** Empty where the field gives nothing for any of them */
  example: string;
}

/** The column that somebody chose for a field. */
interface ColumnChoice {
  /** A1 letters of a column that is there; `new`: right of the URLs; `end`: right of all others */
  column: string;
  /** Its title as it was seen, by which it is found again if columns were moved since */
  title?: string | null;
}

/** A condition on one column of a row, or on how the row ended in an earlier run. */
interface Condition {
  /** `failed_in`: the row's person had no answer in the job that `values` names */
  test: "contains" | "empty" | "equals" | "failed_in" | "filled" | "one_of";
  column?: string | null;
  /** Its title as it was seen, by which it is found again if columns were moved since */
  title?: string | null;
  /** Compared without regard to case and to blanks at the ends */
  values?: string[];
}

/** A value that can be made from a lead. */
interface Field {
  name: string;
  /** Title of its column */
  header: string;
  group: string;
  description: string;
  example: string;
  /** Other words for it, for whoever searches */
  aliases: string[];
}

/** A field, and people of whom one may be its example. */
interface FieldCheckBody {
  /** A name, a header, or `Header=expression` */
  field: string;
  urls?: string[];
}

/** The names in each list, a column each where a formula has the list. */
interface FieldLists {
  lists: string[][];
}

/** Lists of fields, as formulas hold them. */
interface FieldListsBody {
  lists: string[];
}

/** The column of a field after a job. */
interface FilledColumn {
  /** As `without` of the job's rows takes it */
  field: string;
  header: string;
  /** Rows in which it is filled, by the job or before it */
  filled: number;
}

/** How full the columns of a job are. */
interface FilledColumns {
  /** Rows of people that were not left out */
  rows: number;
  columns: FilledColumn[];
}

/** The request of a formula. */
interface FormulaBody {
  urls: string[][];
  /** Names, headers, or comma lists of them */
  fields: string[];
  if_missing?: string;
  deadline?: string | null;
}

/** A token for the formulas of one spreadsheet. */
interface FormulaToken {
  /** Its text, shown only here */
  token: string;
  token_id: string;
  /** The address of the person in whose name it spends */
  maker: string;
  issued_at: string;
  expires_at: string;
}

/** The spreadsheet whose formulas may ask. */
interface FormulaTokenBody {
  spreadsheet_id: string;
}

/** A token for the formulas of one spreadsheet, without its text. */
interface FormulaTokenEntry {
  token_id: string;
  maker: string;
  issued_at: string;
  expires_at: string;
  /** Whether the caller has made it */
  yours: boolean;
}

/** The formula tokens of a spreadsheet that count at present, the newest first. */
interface FormulaTokenList {
  tokens: FormulaTokenEntry[];
}

/** Values for a formula, a row for each URL and a column for each field, and how many rows must be asked for again. A value is null where the lookup has not ended. */
interface FormulaValues {
  values: (string | number | boolean | null)[][];
  /** Rows that must be asked for again */
  pending: number;
}

/** The process is up and the store can be reached. */
interface Health {
  status: "ok";
  version: string;
}

/** A run in the background: how far it is, what it has cost, and what may be done to it. */
interface Job {
  id: string;
  spreadsheet_id: string;
  range: string;
  fields: string[];
  /** An address; empty for a colleague, unless an admin asks */
  started_by: string;
  state: JobState;
  /** Whether it takes only a few rows, to see what comes */
  is_trial: boolean;
  rows: number;
  /** Rows by outcome; outcomes without a row are absent */
  counts: Partial<Record<Outcome, number>>;
  done: number;
  progress: number;
  /** By provider, in the order in which they are asked */
  credits: JobCredits[];
  /** People looked up a second, lately */
  rate_per_s: number | null;
  /** Seconds to the end, a provider's pauses included; null while it cannot be told */
  eta_s: number | null;
  /** A sentence for a person */
  message: string | null;
  created_at: string;
  finished_at: string | null;
  /** When the provider's limit that it waits for ends */
  goes_on_at: string | null;
  /** Until when it has access to the sheet; null without, or not known */
  access_until: string | null;
  can: ("cancel" | "retry" | "undo")[];
}

/** The request of a job, the most that it may cost, and the plan that was confirmed. */
interface JobBody {
  spreadsheet_id: string;
  /** A1 with its tab: the column of LinkedIn URLs */
  range: string;
  /** Names, headers, or `Header=expression` */
  fields: string[];
  /** The row that names the columns; `auto` finds it, `no` if there is none */
  header?: "auto" | "no" | number;
  /** Which cells of the chosen columns are filled */
  write?: "all" | "empty";
  /** `reuse` columns that are named after a field; else `new` ones, or at the `end` */
  placement?: "end" | "new" | "reuse";
  /** Columns that were chosen for fields; the others go by `placement` */
  columns?: Record<string, ColumnChoice>;
  /** Also fill rows that a filter hides, or that somebody has hidden */
  include_hidden?: boolean;
  /** Fill only rows that meet all of these */
  only_where?: Condition[];
  /** Fill only a few rows, to see what comes */
  trial?: Trial | null;
  /** Ask again for people whose earlier lookup may have been charged without a usable answer */
  retry_in_doubt?: boolean;
  /** Providers to ask, in this order; none for all that can be used */
  providers?: string[];
  /** Values for which the next provider is asked; none for those that the fields need */
  needs?: Need[];
  /** Whether to go on with the others where a provider rejects its key or has no credits */
  go_on_without?: boolean;
  /** The most credits that it may cost with each provider, as decimal text; with others nothing */
  max_credits: Record<string, string>;
  plan_id?: string | null;
}

/** The lookups of a job at one provider so far, their credits, and the most that it may cost. */
interface JobCredits {
  provider: string;
  lookups: number;
  /** Lookups that brought a lead */
  found: number;
  /** Lookups that asked for an e-mail address */
  emails_wanted: number;
  /** E-mail addresses that they brought */
  emails: number;
  /** Lookups that cost credits and brought neither a person nor an address */
  paid_without_lead: number;
  /** Lookups that asked for an e-mail address, cost credits and brought none */
  paid_without_email: number;
  /** Credits, as decimal text */
  charged: string;
  /** Credits, as decimal text */
  in_doubt: string;
  /** Credits, as decimal text */
  ceiling: string;
}

/** The newest jobs of a spreadsheet, newest first. */
interface JobList {
  jobs: Job[];
}

/** The request of a run, as it comes over HTTP and as the store keeps it. */
interface JobRequest {
  spreadsheet_id: string;
  /** A1 with its tab: the column of LinkedIn URLs */
  range: string;
  /** Names, headers, or `Header=expression` */
  fields: string[];
  /** The row that names the columns; `auto` finds it, `no` if there is none */
  header?: "auto" | "no" | number;
  /** Which cells of the chosen columns are filled */
  write?: "all" | "empty";
  /** `reuse` columns that are named after a field; else `new` ones, or at the `end` */
  placement?: "end" | "new" | "reuse";
  /** Columns that were chosen for fields; the others go by `placement` */
  columns?: Record<string, ColumnChoice>;
  /** Also fill rows that a filter hides, or that somebody has hidden */
  include_hidden?: boolean;
  /** Fill only rows that meet all of these */
  only_where?: Condition[];
  /** Fill only a few rows, to see what comes */
  trial?: Trial | null;
  /** Ask again for people whose earlier lookup may have been charged without a usable answer */
  retry_in_doubt?: boolean;
  /** Providers to ask, in this order; none for all that can be used */
  providers?: string[];
  /** Values for which the next provider is asked; none for those that the fields need */
  needs?: Need[];
  /** Whether to go on with the others where a provider rejects its key or has no credits */
  go_on_without?: boolean;
}

/** The state of a job. */
type JobState = "cancelled" | "cancelling" | "done" | "queued" | "running" | "stopped" | "undoing" | "undone" | "waiting_for_access" | "waiting_for_quota";

/** An erasure that no longer counts. */
interface LiftedErasure {
  /** Whether the person had been erased */
  was_erased: boolean;
  /** What it costs from now on; empty where nobody had been erased */
  notice: string;
}

/** A reason to ask the next provider: something that the leads so far do not hold. */
type Need = "email" | "person";

/** How a row ended in a run; each row has exactly one outcome. */
type Outcome = "already_filled" | "cancelled" | "enriched" | "failed" | "in_doubt" | "known" | "left_out" | "moved" | "not_found" | "unusable";

/** The person to erase, or to let be looked up again. */
interface PersonBody {
  linkedin_url: string;
}

/** The plan of a run, and the most it can cost. rows = unusable + already_filled + left_out + duplicates + known + in_doubt + lookups */
interface Plan {
  /** A1 with its tab and its real ends */
  range: string;
  /** A1 letters */
  url_column: string;
  header_row: number | null;
  rows: number;
  unusable: number;
  unusable_reasons: Record<string, number>;
  /** Their numbers in the sheet by reason, the first thousand of each at most */
  unusable_rows: Record<string, number[]>;
  already_filled: number;
  left_out: number;
  left_out_reasons: Record<string, number>;
  duplicates: number;
  known: number;
  in_doubt: number;
  lookups: number;
  /** Rows that can get values: of people with a lead or with a lookup paid for */
  fillable: number;
  /** By provider, in the order in which they are asked */
  costs: PlannedCost[];
  columns: PlannedColumn[];
  /** Columns in use, but for that of the URLs */
  tab_columns: TabColumn[];
  /** Names this plan in the start that confirms it */
  plan_id: string;
  /** Sentences for a person about what the plan cannot see, or has chosen */
  notices: string[];
  /** Seconds that the lookups take at the providers' rates */
  takes_s: number;
  /** When the access ends that the plan was made with */
  access_until: string;
}

/** The column of a field once the run has begun. */
interface PlannedColumn {
  field: string;
  header: string;
  /** A1 letters */
  column: string;
  new: boolean;
  /** Whether it is a new column right of all others */
  at_end: boolean;
  /** A1 letters of the column as it is now; null for a new one */
  held: string | null;
  /** Cells of it that hold something and can be written over by this run */
  replaced: number;
}

/** The most that a run asks of one provider, and what that can cost; of several providers they are no sum. */
interface PlannedCost {
  provider: string;
  lookups: number;
  /** The most that they can cost, as decimal text */
  max_credits: string;
  /** Credits that the caps still allow, as decimal text */
  credits_left: string;
  /** Those of the lookups that the caps do not pay for */
  short_of: number;
  /** Whose cap that is, and when it allows more; empty where all is paid for */
  cap_sentence: string;
}

/** Fields that are often chosen together. */
interface Preset {
  name: string;
  fields: string[];
}

/** The reason why a request was refused, in the form of RFC 9457. */
interface Problem {
  /** Stable: for code to read */
  type: string;
  title: string;
  status: number;
  /** A sentence for a person: what is wrong, and what to do */
  detail: string;
  /** Why a text is no profile */
  reason?: string;
  /** The cap that is reached */
  cap?: string;
  /** In credits, as decimal text */
  limit?: string;
  /** In credits, as decimal text */
  used?: string;
}

/** The account with a provider, as the provider counts it. */
interface ProviderBalance {
  credits_left: string | null;
  credits_used: string | null;
  read_at: string;
  /** Whether the provider rejected the API key then */
  key_is_rejected: boolean;
}

/** The providers of this deployment. */
interface Providers {
  /** In the order of a run that names none */
  providers: UsableProvider[];
  /** Those that are not asked, as people see them */
  not_used: string[];
}

/** At most so many requests in each window. */
interface RequestLimit {
  /** Requests, as decimal text */
  count: string;
  window_s: number;
  starts: WindowStart;
}

/** Options of a retry. */
interface RetryBody {
  retry_in_doubt?: boolean;
  /** The most credits that it may cost with each provider, as decimal text; with others nothing */
  max_credits: Record<string, string>;
}

/** What a retry would open, and the most it can cost. */
interface RetryPlan {
  /** Rows that it opens */
  rows: number;
  /** Those that can get values: of people with a lead or with a lookup paid for */
  fillable: number;
  lookups: number;
  /** By provider, in the order in which they are asked */
  costs: PlannedCost[];
}

/** The two retries of a job that has ended. */
interface RetryPlans {
  without_doubts: RetryPlan;
  /** If it also asks again for what may have been charged without an answer */
  with_doubts: RetryPlan;
}

/** Reports of a job's rows. */
interface RowPage {
  rows: RowReport[];
  next_page_token: string | null;
}

/** The result of one row of a job. */
interface RowReport {
  /** Where it was when the job began */
  row: number;
  /** Empty where the row holds no profile */
  linkedin_url: string;
  outcome: Outcome | null;
  /** A sentence for a person */
  detail: string;
}

/** A column that is there, and can be chosen for a field. */
interface TabColumn {
  /** A1 letters */
  column: string;
  title: string;
}

/** The rows of a trial. */
interface Trial {
  /** Rows that are tried at most */
  rows?: number;
  /** Spread over the range, or its first ones */
  take?: "first" | "spread";
  /** Only these rows of the sheet, from 1; none for the whole range */
  numbers?: number[];
}

/** A provider that a run may ask. */
interface UsableProvider {
  /** As in `providers` of a plan */
  name: string;
  /** As people see it */
  label: string;
  /** The most credits that a lookup costs */
  price: string;
  repeats_are_free: boolean;
  fills: Need[];
  limits: RequestLimit[];
  /** What the caps still allow the caller in one run */
  credits_left: string;
  /** Null where it was never read */
  balance: ProviderBalance | null;
}

/** Credits of the last days, and how much of the caps is used. */
interface Usage {
  days: UsageDay[];
  /** Whether the caller sees everybody by address */
  by_person: boolean;
  caps: CapUse[];
}

/** Credits of one provider, person, spreadsheet and day. */
interface UsageDay {
  /** ISO date, UTC */
  date: string;
  provider: string;
  /** An address, `command line`, or `colleagues` together */
  user: string;
  /** Empty for colleagues: their spreadsheets are theirs */
  spreadsheet_id: string;
  /** Credits, as decimal text */
  charged: string;
  /** Credits, as decimal text */
  in_doubt: string;
}

/** The result of one trial. */
type Verdict = "does_not_hold" | "holds" | "not_tried";

/** The moment at which the window of a limit begins. */
type WindowStart = "clock" | "first_request" | "rolling";
