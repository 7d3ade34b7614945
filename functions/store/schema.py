"""The tables of the store, alike in SQLite and PostgreSQL."""

from __future__ import annotations

from enum import StrEnum

import sqlalchemy as sa

from functions.charging import EntryKind
from functions.standings import Standing
from functions.store.engine import Credits, Instant


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

leads = sa.Table(
    "leads",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("standing", sa.Text, nullable=False),
    sa.Column("learned_at", Instant, nullable=False),
    sa.Column("lead", sa.LargeBinary, nullable=True, comment="zlib-compressed JSON, whole"),
    _one_of("standing", Standing),
)

claims = sa.Table(
    "claims",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("token", sa.Text, nullable=False, unique=True, comment="names this one claim in the ledger"),
    sa.Column("owner", sa.Text, nullable=False, comment="host and process"),
    sa.Column("run_id", sa.Text, nullable=False),
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("spreadsheet_id", sa.Text, nullable=False),
    sa.Column("caps", sa.JSON, nullable=False, comment="the counters that the credit is reserved on"),
    sa.Column("credits", Credits, nullable=False),
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

credit_entries = sa.Table(
    "credit_entries",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("at", Instant, nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("credits", Credits, nullable=False),
    sa.Column("token", sa.Text, nullable=False, comment="the claim that this settles"),
    sa.Column("key", sa.Text, nullable=True, comment="NULL once the person is erased"),
    sa.Column("run_id", sa.Text, nullable=False, index=True),
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("spreadsheet_id", sa.Text, nullable=False),
    sa.UniqueConstraint("token", "kind"),
    _one_of("kind", EntryKind),
)
