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
