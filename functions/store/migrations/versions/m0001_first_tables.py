"""The first tables."""

# ruff: noqa: E501 - a constraint is one string

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None
works_from = "0001"


def upgrade() -> None:
    """Makes every table."""
    op.create_table(
        "balances",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("read_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "credits_left", sa.BigInteger(), nullable=True, comment="as the provider counts; NULL where it does not say"
        ),
        sa.Column("credits_used", sa.BigInteger(), nullable=True),
        sa.Column("key_is_rejected", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("provider", name=op.f("pk_balances")),
    )
    op.create_table(
        "claims",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False, comment="names this one claim in the ledger"),
        sa.Column("owner", sa.Text(), nullable=False, comment="host and process"),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("spreadsheet_id", sa.Text(), nullable=False),
        sa.Column("caps", sa.JSON(), nullable=False, comment="the counters that the credits are reserved on"),
        sa.Column("credits", sa.BigInteger(), nullable=False, comment="reserved: the most that the lookup may cost"),
        sa.Column("needs", sa.Text(), nullable=False, comment="what the provider is asked for"),
        sa.Column("intended_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", "provider", name=op.f("pk_claims")),
        sa.UniqueConstraint("token", name=op.f("uq_claims_token")),
    )
    op.create_index(op.f("ix_claims_expires_at"), "claims", ["expires_at"], unique=False)
    op.create_table(
        "compatibility",
        sa.Column(
            "works_from", sa.Text(), nullable=False, comment="the oldest schema whose code works with these tables"
        ),
        sa.PrimaryKeyConstraint("works_from", name=op.f("pk_compatibility")),
    )
    op.create_table(
        "counters",
        sa.Column("cap", sa.Text(), nullable=False),
        sa.Column("reserved", sa.BigInteger(), nullable=False, comment="for lookups that are under way"),
        sa.Column("spent", sa.BigInteger(), nullable=False, comment="charged and in doubt"),
        sa.CheckConstraint("reserved >= 0", name=op.f("ck_counters_reserved_is_no_debt")),
        sa.CheckConstraint("spent >= 0", name=op.f("ck_counters_spent_is_no_debt")),
        sa.PrimaryKeyConstraint("cap", name=op.f("pk_counters")),
    )
    op.create_table(
        "erasures",
        sa.Column(
            "digest", sa.Text(), nullable=False, comment="of a key or a provider's id of the person, which are gone"
        ),
        sa.Column("asked", sa.Text(), nullable=False, comment="the digest of the key that was erased with this one"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by_user_id", sa.Text(), nullable=True, comment="the account that erased them; NULL: they objected"),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_erasures")),
    )
    op.create_table(
        "formula_people",
        sa.Column("spreadsheet_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column(
            "first_at",
            sa.BigInteger(),
            nullable=False,
            comment="when its formulas first showed the person, for nothing",
        ),
        sa.PrimaryKeyConstraint("spreadsheet_id", "key", name=op.f("pk_formula_people")),
    )
    op.create_index(op.f("ix_formula_people_key"), "formula_people", ["key"], unique=False)
    op.create_index("ix_formula_people_of_a_day", "formula_people", ["spreadsheet_id", "first_at"], unique=False)
    op.create_table(
        "formula_tokens",
        sa.Column("id", sa.Text(), nullable=False, comment="names the token; its text is not kept"),
        sa.Column("spreadsheet_id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False, comment="who made it, and in whose name it spends"),
        sa.Column("email", sa.Text(), nullable=False, comment="the maker's; shown in the list of tokens"),
        sa.Column("domain", sa.Text(), nullable=False, comment="the maker's; decides whether they are still admitted"),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_formula_tokens")),
    )
    op.create_index(op.f("ix_formula_tokens_expires_at"), "formula_tokens", ["expires_at"], unique=False)
    op.create_index(op.f("ix_formula_tokens_spreadsheet_id"), "formula_tokens", ["spreadsheet_id"], unique=False)
    op.create_table(
        "jobs",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("spreadsheet_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column(
            "user_email", sa.Text(), nullable=False, comment="the starter's at that moment; shown to ADMIN_EMAILS"
        ),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("request", sa.JSON(), nullable=False, comment="options of the run, without its spreadsheet"),
        sa.Column("request_digest", sa.Text(), nullable=False, comment="of what the idempotency key came with"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("ceilings", sa.JSON(), nullable=False, comment="credits by provider, confirmed"),
        sa.Column("encrypted_token", sa.Text(), nullable=True, comment="the sheet access token; NULL once it ends"),
        sa.Column(
            "access_until", sa.BigInteger(), nullable=True, comment="when that token ends; NULL where it is not known"
        ),
        sa.Column("sheet_id", sa.Integer(), nullable=False, comment="the tab"),
        sa.Column(
            "layout",
            sa.JSON(none_as_null=True),
            nullable=True,
            comment="where the URLs and the fields stand; NULL until prepared",
        ),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("message", sa.Text(), nullable=True, comment="a sentence: why it waits or stopped"),
        sa.Column("stop_requested", sa.Boolean(), nullable=False, comment="nothing more is looked up"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column(
            "resumed_at", sa.BigInteger(), nullable=True, comment="when it last began, was retried, or got access again"
        ),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column(
            "waiting_since", sa.BigInteger(), nullable=True, comment="NULL unless it waits for access or a limit's end"
        ),
        sa.Column("goes_on_at", sa.BigInteger(), nullable=True, comment="when the limit that it waits for ends"),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'waiting_for_access', 'waiting_for_quota', 'cancelling', 'cancelled', 'stopped', 'done', 'undoing', 'undone')",
            name=op.f("ck_jobs_state_is_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sa.UniqueConstraint("user_id", "idempotency_key", name=op.f("uq_jobs_user_id")),
    )
    op.create_index(op.f("ix_jobs_created_at"), "jobs", ["created_at"], unique=False)
    op.create_index("ix_jobs_of_a_spreadsheet", "jobs", ["spreadsheet_id", "created_at"], unique=False)
    op.create_index(op.f("ix_jobs_state"), "jobs", ["state"], unique=False)
    op.create_table(
        "leads",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("learned_at", sa.BigInteger(), nullable=False),
        sa.Column("lead", sa.LargeBinary(), nullable=True, comment="normalised, whole; see `leads.pack`"),
        sa.Column(
            "raw", sa.LargeBinary(), nullable=True, comment="the provider's answer, likewise; NULL: it is the lead"
        ),
        sa.Column("fills", sa.Text(), nullable=False, comment="the needs that the lead fills"),
        sa.Column("under", sa.Text(), nullable=False, comment="of a miss: the needs that the request made a condition"),
        sa.Column(
            "person", sa.Text(), nullable=True, comment="id and name at the provider of whom it is about; NULL: none"
        ),
        sa.Column("is_shared", sa.Boolean(), nullable=False, comment="by another URL of the same person"),
        sa.CheckConstraint(
            "status IN ('found', 'missing', 'refused', 'other_person', 'unreadable', 'in_doubt', 'erased', 'opted_out')",
            name=op.f("ck_leads_status_is_known"),
        ),
        sa.PrimaryKeyConstraint("key", "provider", name=op.f("pk_leads")),
    )
    op.create_index("ix_leads_by_person", "leads", ["person", "provider"], unique=False)
    op.create_table(
        "ledger_entries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("credits", sa.BigInteger(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False, comment="the claim that this settles"),
        sa.Column("key", sa.Text(), nullable=True, comment="NULL once the person is erased"),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("needs", sa.Text(), nullable=False, comment="asked for; none if nothing was sent"),
        sa.Column("fills", sa.Text(), nullable=False, comment="the needs that the answer fills"),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("spreadsheet_id", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('charged', 'in_doubt', 'released')", name=op.f("ck_ledger_entries_kind_is_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entries")),
        sa.UniqueConstraint("token", "kind", name=op.f("uq_ledger_entries_token")),
    )
    op.create_index(op.f("ix_ledger_entries_at"), "ledger_entries", ["at"], unique=False)
    op.create_index(op.f("ix_ledger_entries_key"), "ledger_entries", ["key"], unique=False)
    op.create_index("ix_ledger_entries_of_a_run", "ledger_entries", ["run_id", "at"], unique=False)
    op.create_table(
        "locks",
        sa.Column(
            "name", sa.Text(), nullable=False, comment="a tab of a spreadsheet: one chunk at a time writes to it"
        ),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_locks")),
    )
    op.create_table(
        "rates",
        sa.Column("name", sa.Text(), nullable=False, comment="a provider, or a spreadsheet"),
        sa.Column("limits", sa.Text(), nullable=False, comment="those that the rest of the row was made under"),
        sa.Column(
            "paid_until",
            sa.BigInteger(),
            nullable=True,
            comment="every start so far is paid for then, at the steady rate",
        ),
        sa.Column("counts", sa.JSON(), nullable=False, comment="requests by window, for each limit of a longer one"),
        sa.Column(
            "blocked_until", sa.BigInteger(), nullable=True, comment="a limit is reached, or a request finds out"
        ),
        sa.Column("refused_at", sa.BigInteger(), nullable=True),
        sa.Column("refusals", sa.Integer(), nullable=False, comment="in a row"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_rates")),
    )
    op.create_table(
        "run_totals",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column(
            "charged", sa.BigInteger(), nullable=False, comment="the sums of the ledger's entries; a look counts none"
        ),
        sa.Column("in_doubt", sa.BigInteger(), nullable=False),
        sa.Column("lookups", sa.Integer(), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.Column("emails_wanted", sa.Integer(), nullable=False),
        sa.Column("emails", sa.Integer(), nullable=False),
        sa.Column("paid_without_lead", sa.Integer(), nullable=False),
        sa.Column("paid_without_email", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "provider", name=op.f("pk_run_totals")),
    )
    op.create_table(
        "sheet_behaviour",
        sa.Column("assumption", sa.Text(), nullable=False, comment="about Google Sheets, as a check tried it"),
        sa.Column("holds", sa.Boolean(), nullable=False),
        sa.Column("tried_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("assumption", name=op.f("pk_sheet_behaviour")),
    )
    op.create_table(
        "chunks",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("job_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, comment="0 prepares the sheet"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False, comment="not to be run before"),
        sa.Column("lease", sa.Text(), nullable=True, comment="names the attempt that runs it"),
        sa.Column("lease_expires_at", sa.BigInteger(), nullable=True),
        sa.Column(
            "seen", sa.Integer(), nullable=False, comment="rows that came back and have no outcome, while it runs"
        ),
        sa.Column(
            "failed_attempts", sa.Integer(), nullable=False, comment="begun since its last progress, and never ended"
        ),
        sa.Column("progress", sa.Integer(), nullable=False, comment="what was done of it when that was last measured"),
        sa.Column(
            "wrote", sa.Boolean(), nullable=False, comment="it was put off with open rows that it has perhaps written"
        ),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'waiting_for_access', 'waiting_for_quota', 'done')",
            name=op.f("ck_chunks_state_is_known"),
        ),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_chunks_job_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chunks")),
        sa.UniqueConstraint("job_id", "number", name=op.f("uq_chunks_job_id")),
    )
    op.create_index("ix_chunks_due", "chunks", ["state", "due_at"], unique=False)
    op.create_table(
        "job_rows",
        sa.Column("job_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False, comment="its place in the range, from 0"),
        sa.Column("chunk", sa.Integer(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False, comment="its row in the sheet when it was read, from 1"),
        sa.Column(
            "key",
            sa.Text(),
            nullable=True,
            comment="of a profile, or an identity without one; NULL: erased, or nothing is written",
        ),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column(
            "again", sa.Text(), nullable=True, comment="why a row is tried again although it has ended; NULL: it is not"
        ),
        sa.Column(
            "cells", sa.JSON(none_as_null=True), nullable=True, comment="of each field what it held and what it got"
        ),
        sa.Column(
            "held", sa.Text(), nullable=True, comment="fields that held something before, as `,0,3,`; NULL: none"
        ),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_job_rows_job_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "position", name=op.f("pk_job_rows")),
    )
    op.create_index("ix_job_rows_by_chunk", "job_rows", ["job_id", "chunk"], unique=False)
    op.create_index("ix_job_rows_by_key", "job_rows", ["key", "job_id", "position"], unique=False)
    op.create_index("ix_job_rows_by_outcome", "job_rows", ["job_id", "outcome"], unique=False)
    op.create_index(
        "ix_job_rows_to_be_tried",
        "job_rows",
        ["job_id"],
        unique=False,
        sqlite_where=sa.text("again IS NOT NULL"),
        postgresql_where=sa.text("again IS NOT NULL"),
    )
    op.create_table(
        "retries",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("job_id", sa.Text(), nullable=False),
        sa.Column("request_digest", sa.Text(), nullable=False, comment="of what the idempotency key came with"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_retries_job_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "idempotency_key", name=op.f("pk_retries")),
    )
    op.create_index(op.f("ix_retries_job_id"), "retries", ["job_id"], unique=False)
    op.create_table(
        "row_counts",
        sa.Column("job_id", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column(
            "rows", sa.Integer(), nullable=False, comment="of the job that ended so; kept, since a look counts none"
        ),
        sa.CheckConstraint("rows >= 0", name=op.f("ck_row_counts_rows_is_no_debt")),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_row_counts_job_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "outcome", name=op.f("pk_row_counts")),
    )
    op.create_table(
        "snapshots",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("job_id", sa.Text(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False, comment="its number then, from 1"),
        sa.Column("identity", sa.Text(), nullable=False, comment="whose row it was"),
        sa.Column("cells", sa.JSON(), nullable=False, comment="what the reused columns held in it"),
        sa.Column("moment", sa.Text(), nullable=False, comment="when it held that"),
        sa.CheckConstraint(
            "moment IN ('before the run', 'before the undo', 'repair')", name=op.f("ck_snapshots_moment_is_known")
        ),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_snapshots_job_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snapshots")),
    )
    op.create_index("ix_snapshots_of_a_row", "snapshots", ["job_id", "moment", "identity"], unique=False)
