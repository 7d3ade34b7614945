"""A wrong setting stops the start and names itself, all of them at once; secrets are not shown."""

from __future__ import annotations

import pytest

from functions.errors import SettingsError
from functions.settings import Settings, read


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SLINTEL_CONCURRENCY", "many"),
        ("SLINTEL_CONCURRENCY", "0"),
        ("SLINTEL_CONCURRENCY", "257"),
        ("SLINTEL_TIMEOUT_S", "20"),
        ("SLINTEL_TIMEOUT_S", "600"),
        ("SLINTEL_TIMEOUT_S", "nan"),
        ("FRESH_DAYS", "0"),
        ("MISS_FRESH_DAYS", "0"),
        ("FRESH_DAYS", "-1"),
        ("CREDITS_PER_RUN", "1.5"),
        ("CREDITS_PER_MONTH", "-5"),
        ("SLINTEL_BASE_URL", "http://slintel.example/v2.0"),
        ("SLINTEL_BASE_URL", "http://localhost.evil.example/v2.0"),
        ("SLINTEL_BASE_URL", "http://127.0.0.1.evil.example/v2.0"),
        ("SLINTEL_BASE_URL", "http://localhost@evil.example/v2.0"),
        ("SLINTEL_BASE_URL", "slintel.example"),
    ],
)
def test_a_wrong_setting_names_itself(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"- {name} must"):
        read({name: value})


def test_every_wrong_setting_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as wrong:
        read({"SLINTEL_CONCURRENCY": "x", "FRESH_DAYS": "0", "SLINTEL_TIMEOUT_S": "1"})
    assert str(wrong.value).count("\n- ") == 3


def test_sqlite_is_refused_in_the_cloud() -> None:
    with pytest.raises(SettingsError, match="DATABASE_URL must name a PostgreSQL database"):
        read({"K_SERVICE": "leadfill"})


CLOUD = {"K_SERVICE": "leadfill", "DATABASE_URL": "postgresql+psycopg://leadfill:x@/leadfill?host=/cloudsql/a:b:c"}


@pytest.mark.parametrize(
    "name",
    [
        "SHEETS_API_ENDPOINT",
        "TASKS_API_ENDPOINT",
        "WORKER_URL",
        "SWEEP_URL",
        "IDENTITY_CERTS_URL",
        "IDENTITY_TOKENINFO_URL",
        "SLINTEL_BASE_URL",
    ],
)
def test_every_address_is_reached_over_tls_in_the_cloud(name: str) -> None:
    assert read(CLOUD | {name: "https://service.example/"})
    with pytest.raises(SettingsError, match=f"- {name} must begin with https://"):
        read(CLOUD | {name: "http://service.example/"})


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://leadfill:x@db.example/leadfill",
        "postgresql://leadfill:x@db.example/leadfill?sslmode=disable",
        "postgresql://leadfill:x@db.example/leadfill?sslmode=require",
        "postgresql://leadfill:x@db.example/leadfill?sslmode=verify-ca",
        "postgresql://leadfill:x@db.example/leadfill?sslmode=disable&sslmode=verify-full",
        "postgresql://leadfill:x@/leadfill?host=db.example",
        "postgresql://leadfill:x@127.0.0.1/leadfill?host=db.example",
    ],
)
def test_a_remote_database_is_verified_in_the_cloud(url: str) -> None:
    with pytest.raises(SettingsError, match="DATABASE_URL must end with") as wrong:
        read(CLOUD | {"DATABASE_URL": url})
    assert "leadfill:x" not in str(wrong.value)


@pytest.mark.parametrize(
    "url",
    [
        CLOUD["DATABASE_URL"],
        "postgresql://leadfill:x@127.0.0.1:5432/leadfill",
        "postgresql://leadfill:x@db.example/leadfill?sslmode=verify-full&sslrootcert=system",
    ],
)
def test_a_socket_this_machine_and_a_verified_server_are_fine(url: str) -> None:
    assert read(CLOUD | {"DATABASE_URL": url}).database_url == url


@pytest.mark.parametrize("url", ["http://localhost:8084/v2.0", "http://127.0.0.1:1/", "http://[::1]:1/", "https://x.y"])
def test_the_key_may_go_to_this_machine_or_over_tls(url: str) -> None:
    assert read({"SLINTEL_BASE_URL": url}).slintel_base_url == url


def test_an_empty_environment_is_the_defaults_and_blanks_are_none() -> None:
    assert read({}) == Settings() == read({"FRESH_DAYS": " ", "OTHER": "x"})


def test_no_secret_is_shown() -> None:
    shown = repr(
        read({"SLINTEL_API_KEY": "s3cret", "LEADFILL_SECRET_KEY": "s3cret", "DATABASE_URL": "sqlite:///s3cret"})
    )
    assert "s3cret" not in shown
