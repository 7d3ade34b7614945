"""P9, P1, P2: a run goes on while the next version expands the tables under it, and takes its work over."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from functions.jobs import new_job
from functions.outcomes import Outcome
from functions.store import chunks, schema_version
from functions.store.database import Store
from functions.store.job_states import JobState
from local.providers.client import Sandbox
from local.sheets_api.client import SheetsEmulator
from tests.support import dying_worker
from tests.support.accounts import assert_bracketed
from tests.support.desk import Desk, desk_at, expected, people_rows, url_of
from tests.support.waiting import wait_until, wait_until_quiet

ROWS, CHUNK_ROWS = 80, 20
"""At a second each these take longer than any migration, however busy the machine is."""
NEXT = f"{int(schema_version.HEAD) + 1:04}"
EXPANDED = """
ledger_entries.append_column(
    sa.Column("written_by", sa.Text, nullable=False, default="next version", server_default="this version", index=True)
)
"""
STEP = f"""
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "{NEXT}", "{schema_version.HEAD}", None, None
works_from = "{schema_version.HEAD}"


def upgrade() -> None:
    column = sa.Column("written_by", sa.Text(), nullable=False, server_default="this version")
    op.add_column("ledger_entries", column)
    op.create_index("ix_ledger_entries_written_by", "ledger_entries", ["written_by"])
"""


@pytest.fixture
def next_version(tmp_path: Path) -> Path:
    """A folder with a version of this code whose ledger has one column more."""
    made = tmp_path / "next"
    shutil.copytree(dying_worker.ROOT / "functions", made / "functions", ignore=shutil.ignore_patterns("__pycache__"))
    for shared in ("tests", "local"):
        (made / shared).symlink_to(dying_worker.ROOT / shared)
    store = made / "functions" / "store"
    (store / "migrations" / "versions" / f"m{NEXT}_who_wrote_it.py").write_text(STEP)
    tables, version = store / "schema.py", store / "schema_version.py"
    tables.write_text(tables.read_text() + EXPANDED)
    version.write_text(re.sub(r'^HEAD = "\d+"', f'HEAD = "{NEXT}"', version.read_text(), flags=re.MULTILINE))
    return made


@pytest.fixture
def desk(
    database_url: str, tmp_path: Path, sandbox: Sandbox, emulator: SheetsEmulator, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    """A desk over each database, migrated by this version, with a provider that is asked for one person at a time."""
    monkeypatch.setattr(new_job, "CHUNK_ROWS", CHUNK_ROWS)
    monkeypatch.setattr(chunks, "STRAGGLING", dying_worker.STRAGGLING)
    store = Store(database_url)
    schema_version.upgrade(store)
    store.close()
    with desk_at(tmp_path, sandbox, emulator, DATABASE_URL=database_url, SLINTEL_CONCURRENCY="1") as opened:
        yield opened


def worker_of(version: Path, desk: Desk) -> subprocess.Popen[bytes]:
    """A process that works until no chunk is open."""
    arguments = [json.dumps(desk.variables), str(CHUNK_ROWS), "any", str(10**6)]
    return subprocess.Popen([sys.executable, "-m", "tests.support.dying_worker", *arguments], cwd=version)


def migrate(version: Path, database_url: str) -> str:
    """What a version's migration says."""
    command, environment = [sys.executable, "-m", "functions.migrate"], {**os.environ, "DATABASE_URL": database_url}
    return subprocess.run(command, cwd=version, env=environment, text=True, stdout=subprocess.PIPE, check=True).stdout


def test_a_run_goes_on_while_the_next_version_takes_over(desk: Desk, database_url: str, next_version: Path) -> None:
    desk.sandbox.switch(latency_s=1)
    job = desk.start(spreadsheet := desk.sheet(people_rows(ROWS)))
    old = worker_of(dying_worker.ROOT, desk)
    try:
        wait_until(lambda: desk.sandbox.charges()["total"] >= 1)
        assert migrate(next_version, database_url).endswith(f"from {schema_version.HEAD} to {NEXT}.\n")
        charged = desk.sandbox.charges()["total"]
        assert charged < ROWS, "the run was over before the tables were expanded"
        wait_until(lambda: desk.sandbox.charges()["total"] > charged + 1)
        assert old.poll() is None, "an instance of this version goes on with the expanded tables"
    finally:
        old.kill()
        old.wait()
    desk.sandbox.switch(latency_s=0)
    died = dying_worker.run(desk.variables, CHUNK_ROWS, "rows: after settle", 2)
    assert died == -signal.SIGKILL, "an instance of this version is started on the expanded tables, and works"
    assert "newer version" in migrate(dying_worker.ROOT, database_url)

    assert worker_of(next_version, desk).wait(100) == 0

    wait_until_quiet(desk.sandbox)
    assert desk.job(job).state is JobState.DONE
    assert_bracketed(desk.store, desk.sandbox)
    assert max(desk.sandbox.charges("slug").values()) == 1
    outcomes = desk.counts(job)
    assert set(outcomes) <= {Outcome.ENRICHED, Outcome.KNOWN, Outcome.IN_DOUBT}
    assert outcomes.get(Outcome.IN_DOUBT, 0) <= 4, "each death leaves at most one lookup that is sent and one behind it"
    emails = desk.columns(spreadsheet)["Email"]
    for row in desk.rows(job):
        slug = row.key.rpartition("/")[2] if row.key else ""
        values = "" if row.outcome is Outcome.IN_DOUBT else expected(slug)[0]
        assert emails[url_of(slug)] == values, slug
    with desk.store.reading() as connection:
        written_by = Counter(connection.scalars(sa.text("SELECT written_by FROM ledger_entries")))
    assert set(written_by) == {"this version", "next version"}
