"""`python -m tools.write_migration`: writes step 0001 anew from `functions/store/schema.py`.

For as long as no version was released, the one step is the schema itself. Once there is a release, a new step is
written by hand, and a test holds steps and schema together.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext

from functions.store import schema
from functions.store.database import Credits, CreditsByProvider, Instant, NeedSet
from functions.store.schema_version import STEPS

TARGET = STEPS / "versions" / "m0001_first_tables.py"
TEXT = '''"""The first tables."""

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
    {body}
'''


def _plainly(kind: str, item: Any, _context: object) -> str | Literal[False]:  # noqa: ANN401 - whatever alembic renders
    """A step must not change when the code does: our types are written as what they are in the database."""
    if kind != "type" or not isinstance(item, Instant | Credits | CreditsByProvider | NeedSet):
        return False
    return f"sa.{type(item.impl).__name__}()"


def write(target: Path = TARGET) -> None:
    """Writes the step."""
    with sa.create_engine("sqlite://").connect() as connection:
        options = {"target_metadata": schema.metadata, "render_item": _plainly}
        context = MigrationContext.configure(connection, opts=options)
        steps = produce_migrations(context, schema.metadata).upgrade_ops
    assert steps is not None  # noqa: S101 - produce_migrations always makes them
    body = render_python_code(steps, render_item=_plainly, migration_context=context)
    lines = [line for line in body.splitlines() if "###" not in line]  # alembic asks there to be corrected
    target.write_text(TEXT.format(body="\n".join(lines).strip()), encoding="utf-8")
    subprocess.run([sys.executable, "-m", "ruff", "format", "-q", str(target)], check=True)


if __name__ == "__main__":
    write()
