"""The tables of the store, alike in SQLite and PostgreSQL."""

from __future__ import annotations

from enum import StrEnum

import sqlalchemy as sa

from functions.credits.lead_status import LeadStatus
from functions.credits.pricing import EntryKind
from functions.credits.terms import NO_NEEDS
from functions.store.database import Credits, CreditsByProvider, Instant, NeedSet
from functions.store.job_states import ChunkState, JobState


class Moment(StrEnum):
    """Points at which what rows held is recorded."""

    BEFORE_RUN = "before the run"
    BEFORE_UNDO = "before the undo"
    REPAIR = "repair"
    """A write had hit a row of somebody else: what that row held before is being given back."""


def _one_of(column: str, enum: type[StrEnum]) -> sa.CheckConstraint:
    members = ", ".join(f"'{member.value}'" for member in enum)
    return sa.CheckConstraint(f"{column} IN ({members})", name=f"{column}_is_known")


metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(column_0_label)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
    }
)

compatibility = sa.Table(
    "compatibility",
    metadata,
    sa.Column("works_from", sa.Text, primary_key=True, comment="the oldest schema whose code works with these tables"),
)

leads = sa.Table(
    "leads",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("provider", sa.Text, primary_key=True),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("learned_at", Instant, nullable=False),
    sa.Column("lead", sa.LargeBinary, nullable=True, comment="normalised, whole; see `leads.pack`"),
    sa.Column("raw", sa.LargeBinary, nullable=True, comment="the provider's answer, likewise; NULL: it is the lead"),
    sa.Column("fills", NeedSet, nullable=False, comment="the needs that the lead fills"),
    sa.Column("under", NeedSet, nullable=False, comment="of a miss: the needs that the request made a condition"),
    sa.Column("person", sa.Text, nullable=True, comment="id and name at the provider of whom it is about; NULL: none"),
    sa.Column("is_shared", sa.Boolean, nullable=False, default=False, comment="by another URL of the same person"),
    sa.Index("ix_leads_by_person", "person", "provider"),
    _one_of("status", LeadStatus),
)

claims = sa.Table(
    "claims",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("provider", sa.Text, primary_key=True),
    sa.Column("token", sa.Text, nullable=False, unique=True, comment="names this one claim in the ledger"),
    sa.Column("owner", sa.Text, nullable=False, comment="host and process"),
    sa.Column("run_id", sa.Text, nullable=False),
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("spreadsheet_id", sa.Text, nullable=False),
    sa.Column("caps", sa.JSON, nullable=False, comment="the counters that the credits are reserved on"),
    sa.Column("credits", Credits, nullable=False, comment="reserved: the most that the lookup may cost"),
    sa.Column("needs", NeedSet, nullable=False, comment="what the provider is asked for"),
    sa.Column("intended_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False, index=True),
)

counters = sa.Table(
    "counters",
    metadata,
    sa.Column("cap", sa.Text, primary_key=True),
    sa.Column("reserved", Credits, nullable=False, comment="for lookups that are under way"),
    sa.Column("spent", Credits, nullable=False, comment="charged and in doubt"),
    sa.CheckConstraint("reserved >= 0", name="reserved_is_no_debt"),
    sa.CheckConstraint("spent >= 0", name="spent_is_no_debt"),
)

ledger_entries = sa.Table(
    "ledger_entries",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("at", Instant, nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("credits", Credits, nullable=False),
    sa.Column("token", sa.Text, nullable=False, comment="the claim that this settles"),
    sa.Column("key", sa.Text, nullable=True, index=True, comment="NULL once the person is erased"),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("needs", NeedSet, nullable=False, default=NO_NEEDS, comment="asked for; none if nothing was sent"),
    sa.Column("fills", NeedSet, nullable=False, default=NO_NEEDS, comment="the needs that the answer fills"),
    sa.Column("run_id", sa.Text, nullable=False),
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("spreadsheet_id", sa.Text, nullable=False),
    sa.UniqueConstraint("token", "kind"),
    sa.Index("ix_ledger_entries_of_a_run", "run_id", "at"),
    _one_of("kind", EntryKind),
)

run_totals = sa.Table(
    "run_totals",
    metadata,
    sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("provider", sa.Text, primary_key=True),
    sa.Column("charged", Credits, nullable=False, comment="the sums of the ledger's entries; a look counts none"),
    sa.Column("in_doubt", Credits, nullable=False),
    sa.Column("lookups", sa.Integer, nullable=False),
    sa.Column("found", sa.Integer, nullable=False),
    sa.Column("emails_wanted", sa.Integer, nullable=False),
    sa.Column("emails", sa.Integer, nullable=False),
    sa.Column("paid_without_lead", sa.Integer, nullable=False),
    sa.Column("paid_without_email", sa.Integer, nullable=False),
)

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("spreadsheet_id", sa.Text, nullable=False),
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("user_email", sa.Text, nullable=False, comment="the starter's at that moment; shown to ADMIN_EMAILS"),
    sa.Column("idempotency_key", sa.Text, nullable=False),
    sa.Column("request", sa.JSON, nullable=False, comment="options of the run, without its spreadsheet"),
    sa.Column("request_digest", sa.Text, nullable=False, comment="of what the idempotency key came with"),
    sa.Column("state", sa.Text, nullable=False, index=True),
    sa.Column("ceilings", CreditsByProvider, nullable=False, comment="credits by provider, confirmed"),
    sa.Column("encrypted_token", sa.Text, nullable=True, comment="the sheet access token; NULL once it ends"),
    sa.Column("access_until", Instant, nullable=True, comment="when that token ends; NULL where it is not known"),
    sa.Column("sheet_id", sa.Integer, nullable=False, comment="the tab"),
    sa.Column(
        "layout",
        sa.JSON(none_as_null=True),
        nullable=True,
        comment="where the URLs and the fields stand; NULL until prepared",
    ),
    sa.Column("rows", sa.Integer, nullable=False),
    sa.Column("message", sa.Text, nullable=True, comment="a sentence: why it waits or stopped"),
    sa.Column("stop_requested", sa.Boolean, nullable=False, comment="nothing more is looked up"),
    sa.Column("created_at", Instant, nullable=False, index=True),
    sa.Column("started_at", Instant, nullable=True),
    sa.Column("resumed_at", Instant, nullable=True, comment="when it last began, was retried, or got access again"),
    sa.Column("finished_at", Instant, nullable=True),
    sa.Column("waiting_since", Instant, nullable=True, comment="NULL unless it waits for access or a limit's end"),
    sa.Column("goes_on_at", Instant, nullable=True, comment="when the limit that it waits for ends"),
    sa.UniqueConstraint("user_id", "idempotency_key"),
    sa.Index("ix_jobs_of_a_spreadsheet", "spreadsheet_id", "created_at"),
    _one_of("state", JobState),
)

retries = sa.Table(
    "retries",
    metadata,
    sa.Column("user_id", sa.Text, primary_key=True),
    sa.Column("idempotency_key", sa.Text, primary_key=True),
    sa.Column("job_id", sa.Text, sa.ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("request_digest", sa.Text, nullable=False, comment="of what the idempotency key came with"),
)

chunks = sa.Table(
    "chunks",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("job_id", sa.Text, sa.ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    sa.Column("number", sa.Integer, nullable=False, comment="0 prepares the sheet"),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("due_at", Instant, nullable=False, comment="not to be run before"),
    sa.Column("lease", sa.Text, nullable=True, comment="names the attempt that runs it"),
    sa.Column("lease_expires_at", Instant, nullable=True),
    sa.Column("seen", sa.Integer, nullable=False, comment="rows that came back and have no outcome, while it runs"),
    sa.Column("failed_attempts", sa.Integer, nullable=False, comment="begun since its last progress, and never ended"),
    sa.Column("progress", sa.Integer, nullable=False, comment="what was done of it when that was last measured"),
    sa.Column("wrote", sa.Boolean, nullable=False, comment="it was put off with open rows that it has perhaps written"),
    sa.UniqueConstraint("job_id", "number"),
    sa.Index("ix_chunks_due", "state", "due_at"),
    _one_of("state", ChunkState),
)

job_rows = sa.Table(
    "job_rows",
    metadata,
    sa.Column("job_id", sa.Text, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, comment="its place in the range, from 0"),
    sa.Column("chunk", sa.Integer, nullable=False),
    sa.Column("row", sa.Integer, nullable=False, comment="its row in the sheet when it was read, from 1"),
    sa.Column(
        "key",
        sa.Text,
        nullable=True,
        comment="of a profile, or an identity without one; NULL: erased, or nothing is written",
    ),
    sa.Column("outcome", sa.Text, nullable=True),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column(
        "again", sa.Text, nullable=True, comment="why a row is tried again although it has ended; NULL: it is not"
    ),
    sa.Column("cells", sa.JSON(none_as_null=True), nullable=True, comment="of each field what it held and what it got"),
    sa.Column("held", sa.Text, nullable=True, comment="fields that held something before, as `,0,3,`; NULL: none"),
    sa.Index("ix_job_rows_by_outcome", "job_id", "outcome"),
    sa.Index("ix_job_rows_by_chunk", "job_id", "chunk"),
    sa.Index("ix_job_rows_by_key", "key", "job_id", "position"),
)
sa.Index(
    "ix_job_rows_to_be_tried",
    job_rows.c.job_id,
    sqlite_where=job_rows.c.again.is_not(None),
    postgresql_where=job_rows.c.again.is_not(None),
)

row_counts = sa.Table(
    "row_counts",
    metadata,
    sa.Column("job_id", sa.Text, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("outcome", sa.Text, primary_key=True),
    sa.Column("rows", sa.Integer, nullable=False, comment="of the job that ended so; kept, since a look counts none"),
    sa.CheckConstraint("rows >= 0", name="rows_is_no_debt"),
)

snapshots = sa.Table(
    "snapshots",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("job_id", sa.Text, sa.ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    sa.Column("row", sa.Integer, nullable=False, comment="its number then, from 1"),
    sa.Column("identity", sa.Text, nullable=False, comment="whose row it was"),
    sa.Column("cells", sa.JSON, nullable=False, comment="what the reused columns held in it"),
    sa.Column("moment", sa.Text, nullable=False, comment="when it held that"),
    sa.Index("ix_snapshots_of_a_row", "job_id", "moment", "identity"),
    _one_of("moment", Moment),
)

erasures = sa.Table(
    "erasures",
    metadata,
    sa.Column("digest", sa.Text, primary_key=True, comment="of a key or a provider's id of the person, which are gone"),
    sa.Column("asked", sa.Text, nullable=False, comment="the digest of the key that was erased with this one"),
    sa.Column("at", Instant, nullable=False),
    sa.Column("by_user_id", sa.Text, nullable=True, comment="the account that erased them; NULL: they objected"),
)

formula_tokens = sa.Table(
    "formula_tokens",
    metadata,
    sa.Column("id", sa.Text, primary_key=True, comment="names the token; its text is not kept"),
    sa.Column("spreadsheet_id", sa.Text, nullable=False, index=True),
    sa.Column("subject", sa.Text, nullable=False, comment="who made it, and in whose name it spends"),
    sa.Column("email", sa.Text, nullable=False, comment="the maker's; shown in the list of tokens"),
    sa.Column("domain", sa.Text, nullable=False, comment="the maker's; decides whether they are still admitted"),
    sa.Column("issued_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False, index=True),
    sa.Column("revoked_at", Instant, nullable=True),
)

formula_people = sa.Table(
    "formula_people",
    metadata,
    sa.Column("spreadsheet_id", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True, index=True),
    sa.Column("first_at", Instant, nullable=False, comment="when its formulas first showed the person, for nothing"),
    sa.Index("ix_formula_people_of_a_day", "spreadsheet_id", "first_at"),
)

locks = sa.Table(
    "locks",
    metadata,
    sa.Column("name", sa.Text, primary_key=True, comment="a tab of a spreadsheet: one chunk at a time writes to it"),
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
)

rates = sa.Table(
    "rates",
    metadata,
    sa.Column("name", sa.Text, primary_key=True, comment="a provider, or a spreadsheet"),
    sa.Column("limits", sa.Text, nullable=False, comment="those that the rest of the row was made under"),
    sa.Column("paid_until", Instant, nullable=True, comment="every start so far is paid for then, at the steady rate"),
    sa.Column("counts", sa.JSON, nullable=False, comment="requests by window, for each limit of a longer one"),
    sa.Column("blocked_until", Instant, nullable=True, comment="a limit is reached, or a request finds out"),
    sa.Column("refused_at", Instant, nullable=True),
    sa.Column("refusals", sa.Integer, nullable=False, comment="in a row"),
)

sheet_behaviour = sa.Table(
    "sheet_behaviour",
    metadata,
    sa.Column("assumption", sa.Text, primary_key=True, comment="about Google Sheets, as a check tried it"),
    sa.Column("holds", sa.Boolean, nullable=False),
    sa.Column("tried_at", Instant, nullable=False),
)

balances = sa.Table(
    "balances",
    metadata,
    sa.Column("provider", sa.Text, primary_key=True),
    sa.Column("read_at", Instant, nullable=False),
    sa.Column("credits_left", Credits, nullable=True, comment="as the provider counts; NULL where it does not say"),
    sa.Column("credits_used", Credits, nullable=True),
    sa.Column("key_is_rejected", sa.Boolean, nullable=False),
)
