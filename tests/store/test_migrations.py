"""Migrated tables equal the schema, on both databases; older, newer and foreign tables are refused with a sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from functions import bootstrap, settings
from functions.errors import StoreError
from functions.runtime import Runtime
from functions.store import schema, schema_version
from functions.store.database import Store
from tools import write_migration

ROOT = Path(__file__).parents[2]


@pytest.fixture
def bare(database_url: str) -> Iterator[Store]:
    """A store without tables."""
    opened = Store(database_url)
    yield opened
    opened.close()


def stand_at(store: Store, revision: str, works_from: str = "") -> None:
    """The tables as another version has left them, which only it works with unless it says otherwise."""
    with store.writing() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :to"), {"to": revision})
        connection.execute(schema.compatibility.update().values(works_from=works_from or revision))


def constraints(store: Store) -> dict[str, Any]:
    """What alembic does not compare: checks and foreign keys, as the database has them."""
    with store.reading() as connection:
        inspector = sa.inspect(connection)
        return {
            table: (inspector.get_check_constraints(table), inspector.get_foreign_keys(table))
            for table in schema.metadata.tables
        }


def drop_everything(store: Store) -> None:
    with store.writing() as connection:
        schema.metadata.drop_all(connection)
        connection.execute(sa.text("DROP TABLE alembic_version"))


def test_migrated_tables_are_those_of_the_schema(bare: Store) -> None:
    assert schema_version.upgrade(bare) is None
    with bare.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, schema.metadata) == []
    migrated = constraints(bare)
    drop_everything(bare)
    with bare.writing() as connection:
        schema.metadata.create_all(connection)
    assert migrated == constraints(bare)


def test_the_step_is_what_the_command_writes(tmp_path: Path) -> None:
    written = tmp_path / write_migration.TARGET.name
    write_migration.write(written)
    assert write_migration.TARGET.read_text() == written.read_text(), "run `python -m tools.write_migration`"


def test_the_version_in_the_code_is_that_of_the_last_step() -> None:
    steps = ScriptDirectory(str(schema_version.STEPS))
    assert steps.get_heads() == [schema_version.HEAD]
    numbers = [step.revision for step in steps.walk_revisions()]
    assert numbers == [f"{number:04}" for number in range(len(numbers), 0, -1)]


def test_current_tables_are_accepted_and_upgrading_again_changes_nothing(bare: Store) -> None:
    schema_version.upgrade(bare)
    schema_version.check(bare)
    assert schema_version.upgrade(bare) == schema_version.HEAD


@pytest.mark.parametrize(("revision", "word"), [("0000", "older"), ("9999", "newer"), ("a3f9", "newer")])
def test_other_versions_are_refused_with_a_sentence(bare: Store, revision: str, word: str) -> None:
    schema_version.upgrade(bare)
    stand_at(bare, revision)
    with pytest.raises(StoreError, match=f"of an? {word} version .{revision}.*{schema_version.HEAD}"):
        schema_version.check(bare)


SENTENCES = {
    "0000": f"of an older version (0000; this one needs {schema_version.HEAD}). Make a copy of it, "
    "run `python -m functions.migrate`, then start again.",
    "9999": f"of a newer version (9999; this one knows {schema_version.HEAD}). "
    "Start the newer version of Leadfill again, or restore the copy from before.",
}


@pytest.mark.parametrize("revision", SENTENCES)
def test_a_function_does_not_start_on_other_tables_and_says_what_to_do(
    bare: Store, database_url: str, revision: str
) -> None:
    schema_version.upgrade(bare)
    stand_at(bare, revision)
    environment = {**os.environ, "DATABASE_URL": database_url, "FUNCTION_TARGET": "sweep"}
    ended = subprocess.run(
        [sys.executable, "-c", "import main"], cwd=ROOT, env=environment, text=True, capture_output=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr.rstrip().endswith(f"The database's tables are {SENTENCES[revision]}")


def test_newer_tables_are_not_upgraded(bare: Store) -> None:
    schema_version.upgrade(bare)
    stand_at(bare, "9999")
    with pytest.raises(StoreError, match="newer version"):
        schema_version.upgrade(bare)


def test_newer_tables_that_only_have_more_are_worked_with_and_left_as_they_are(bare: Store, database_url: str) -> None:
    schema_version.upgrade(bare)
    stand_at(bare, "9999", works_from=schema_version.HEAD)
    schema_version.check(bare)
    assert schema_version.upgrade(bare) == "9999"
    ended = subprocess.run(
        [sys.executable, "-m", "functions.migrate"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": database_url},
        text=True,
        capture_output=True,
        check=True,
    )
    assert (
        ended.stdout
        == f"The tables are of a newer version (9999), with which this one ({schema_version.HEAD}) works.\n"
    )
    with bare.reading() as connection:
        assert connection.scalar(sa.text("SELECT version_num FROM alembic_version")) == "9999"


def test_every_step_names_the_oldest_version_that_works_with_it_and_the_database_keeps_the_last(bare: Store) -> None:
    schema_version.upgrade(bare)
    steps = list(ScriptDirectory(str(schema_version.STEPS)).walk_revisions())
    oldest = [step.module.works_from for step in steps]
    assert oldest == sorted(oldest, reverse=True), "what an older step has taken away does not come back"
    assert all(works_from <= step.revision for works_from, step in zip(oldest, steps, strict=True))
    with bare.reading() as connection:
        assert connection.scalars(sa.select(schema.compatibility.c.works_from)).all() == oldest[:1]


class Impatient(Runtime):
    """Lets whoever uses a table go on while an upgrade pauses."""

    def __init__(self, go_on: Callable[[], None]) -> None:
        self._go_on, self.pauses = go_on, 0

    def sleep(self, seconds: float) -> None:  # noqa: ARG002 - the runtime's own argument
        self.pauses += 1
        self._go_on()


def test_a_step_never_waits_long_for_a_table_since_everybody_would_queue_up_behind_it(
    bare: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    if bare.is_sqlite:
        pytest.skip("SQLite has one writer: nobody can queue up behind a step that waits")
    schema_version.upgrade(bare)
    stand_at(bare, "0000")
    monkeypatch.setattr(schema_version, "_LOCK_MS", 50)
    monkeypatch.setattr(
        schema_version, "_run_steps", lambda connection: connection.execute(sa.text("LOCK TABLE jobs")) and None
    )
    with bare.engine.connect() as user:
        user.execute(sa.select(schema.jobs)).all()  # its transaction goes on
        impatient = Impatient(user.rollback)
        assert schema_version.upgrade(bare, impatient) == "0000"
    assert impatient.pauses == 1


def test_tables_of_somebody_else_are_left_alone(bare: Store) -> None:
    with bare.writing() as connection:
        connection.execute(sa.text("CREATE TABLE leads (phone TEXT)"))
    with pytest.raises(StoreError, match="not Leadfill's"):
        schema_version.upgrade(bare)
    with bare.reading() as connection:
        assert sa.inspect(connection).get_table_names() == ["leads"]


def test_a_step_that_fails_leaves_nothing_behind(bare: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run_steps = schema_version._run_steps

    def fail(connection: sa.Connection) -> None:
        run_steps(connection)
        connection.execute(sa.text("SELECT * FROM nowhere"))

    monkeypatch.setattr(schema_version, "_run_steps", fail)
    with pytest.raises(StoreError):
        schema_version.upgrade(bare)
    assert schema_version.is_empty(bare)


def test_upgrades_at_the_same_time_happen_once(database_url: str) -> None:
    command = [sys.executable, "-m", "functions.migrate"]

    def upgrade(_number: int) -> str:
        environment = {**os.environ, "DATABASE_URL": database_url}
        return subprocess.run(
            command, cwd=ROOT, env=environment, text=True, capture_output=True, check=True
        ).stdout.strip()

    with ThreadPoolExecutor(2) as threads:
        said = sorted(threads.map(upgrade, range(2)))
    assert said == [f"The tables are up to date ({schema_version.HEAD}).", said[1]]
    assert said[1] == f"The tables were brought from nothing to {schema_version.HEAD}."


def test_starting_makes_the_tables_of_an_empty_file_but_never_of_a_server(database_url: str) -> None:
    chosen = settings.read({"DATABASE_URL": database_url})
    if database_url.startswith("sqlite"):
        store = bootstrap.store(chosen)
        schema_version.check(store)
        store.close()
        bootstrap.store(chosen).close()
        return
    with pytest.raises(StoreError, match="no tables yet"):
        bootstrap.store(chosen)
    with pytest.raises(StoreError, match="no tables yet"):  # the refusal made none
        bootstrap.store(chosen)


def test_the_command_says_what_is_wrong() -> None:
    environment = {**os.environ, "DATABASE_URL": "postgresql://127.0.0.1:1/nowhere"}
    ended = subprocess.run(
        [sys.executable, "-m", "functions.migrate"],
        cwd=ROOT,
        env=environment,
        text=True,
        capture_output=True,
        check=False,
        timeout=schema_version.PATIENCE_S / 2,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("Error: The database cannot be"), "who mistypes the address is told at once"
    assert "Traceback" not in ended.stderr


def test_starting_on_current_tables_does_not_import_alembic(bare: Store, database_url: str) -> None:
    schema_version.upgrade(bare)
    program = (
        "import os, sys; from functions import bootstrap, settings; bootstrap.store(settings.read(os.environ)).close()"
        "; sys.exit('alembic' in sys.modules)"
    )
    environment = {**os.environ, "DATABASE_URL": database_url}
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, check=True)
