"""A wrong setting stops the start and names itself, all of them at once; secrets are not shown."""

from __future__ import annotations

from decimal import Decimal

import pytest

from functions import bootstrap
from functions.credits.caps import Allowance
from functions.errors import SettingsError
from functions.providers.provider_settings import terms_of
from functions.providers.registry import REGISTRY
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
        ("PEOPLE_DATA_LABS_PER_SECOND", "0"),
        ("PEOPLE_DATA_LABS_PER_SECOND", "-1"),
        ("PROSPEO_PER_DAY", "inf"),
        ("PROSPEO_PER_DAY", "a lot"),
        ("APOLLO_CONCURRENCY", "1.5"),
        ("APOLLO_TIMEOUT_S", "29"),
        ("APOLLO_BASE_URL", "http://apollo.example/v1"),
        ("FRESH_DAYS", "0"),
        ("MISS_FRESH_DAYS", "0"),
        ("FRESH_DAYS", "-1"),
        ("CREDITS_PER_RUN", "many"),
        ("CREDITS_PER_RUN", "1e3"),
        ("CREDITS_PER_RUN", "0.0000001"),
        ("CREDITS_PER_USER_DAY", "slintel="),
        ("CREDITS_PER_USER_DAY", "slintel=1,slintel=2"),
        ("CREDITS_PER_MONTH", "slintel=1,2"),
        ("FORMULA_CREDITS_PER_DAY", "hunter=5"),
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
        "PEOPLE_DATA_LABS_BASE_URL",
        "PROSPEO_BASE_URL",
        "APOLLO_BASE_URL",
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
    settings = read({"SLINTEL_BASE_URL": url, "SLINTEL_API_KEY": "key"})
    assert settings.providers["slintel"].base_url == url


def test_an_empty_environment_is_the_defaults_and_blanks_are_none() -> None:
    assert read({}) == Settings() == read({"FRESH_DAYS": " ", "OTHER": "x"})


def test_no_secret_is_shown() -> None:
    settings = read({"SLINTEL_API_KEY": "s3cret", "LEADFILL_SECRET_KEY": "s3cret", "DATABASE_URL": "sqlite:///s3cret"})
    assert "s3cret" not in repr(settings)
    assert "s3cret" not in repr(settings.providers["slintel"])


KEYS = {"SLINTEL_API_KEY": "a", "PROSPEO_API_KEY": "b", "APOLLO_API_KEY": "c"}


@pytest.mark.parametrize(
    ("environ", "order"),
    [
        ({}, []),
        ({"SLINTEL_API_KEY": " "}, []),
        ({"APOLLO_API_KEY": "c"}, ["apollo"]),
        (KEYS, ["slintel", "prospeo", "apollo"]),
        (KEYS | {"PROVIDERS": "apollo, Slintel,"}, ["apollo", "slintel"]),
    ],
)
def test_a_run_may_ask_who_has_a_key_or_who_is_named_in_that_order(environ: dict[str, str], order: list[str]) -> None:
    assert list(read(environ).providers) == order


@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        ("prospeo,people_data_labs", "people_data_labs has none, so set PEOPLE_DATA_LABS_API_KEY"),
        ("prospeo,hunter", "it holds hunter"),
        ("prospeo,slintel,prospeo", "name each provider once"),
    ],
)
def test_a_wrong_waterfall_stops_the_start(named: str, sentence: str) -> None:
    with pytest.raises(SettingsError, match=f"- PROVIDERS must .*{sentence}"):
        read(KEYS | {"PROVIDERS": named})


def test_a_process_that_asks_nobody_needs_no_key_to_know_the_waterfall() -> None:
    assert list(read({"PROVIDERS": "prospeo,slintel"}, keys_needed=False).providers) == ["prospeo", "slintel"]
    with pytest.raises(SettingsError, match="PROVIDERS"):
        read({"PROVIDERS": "prospeo,hunter"}, keys_needed=False)


def test_each_provider_has_its_own_settings_and_else_what_is_documented() -> None:
    said = {"PER_SECOND": "16.5", "PER_DAY": "90000", "CONCURRENCY": "8", "TIMEOUT_S": "40"}
    settings = read(KEYS | {f"PROSPEO_{name}": value for name, value in said.items()})
    prospeo, apollo = settings.providers["prospeo"], settings.providers["apollo"]
    assert (prospeo.per_second, prospeo.per_day, prospeo.concurrency, prospeo.timeout_s) == (
        Decimal("16.5"),
        Decimal(90_000),
        8,
        40.0,
    )
    assert [limit.count for limit in terms_of("prospeo", prospeo).limits] == [Decimal("16.5"), Decimal(90_000)]
    assert terms_of("apollo", apollo) == REGISTRY["apollo"].terms
    assert (apollo.base_url, apollo.concurrency) == ("https://api.apollo.io/api/v1", 16)


def test_a_cap_is_one_number_for_all_providers_or_one_for_each_and_others_keep_the_default() -> None:
    settings = read({"CREDITS_PER_RUN": "7.5", "CREDITS_PER_MONTH": "prospeo=300,apollo=0"})
    assert settings.credits_per_run == Allowance(Decimal("7.5"))
    caps = bootstrap.limits(settings)
    assert [caps.of(name).per_month for name in ("slintel", "prospeo", "apollo")] == [50_000, 300, 0]
    assert {caps.of(name).per_run for name in ("slintel", "prospeo")} == {Decimal("7.5")}


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("", {"slintel": 200}),
        ("50", {"slintel": 50}),
        ("prospeo=10", {"slintel": 200, "prospeo": 10}),
        ("slintel=0,apollo=0.5", {"slintel": 0, "apollo": Decimal("0.5")}),
        ("people_data_labs=5", {"slintel": 200}),
    ],
)
def test_formulas_spend_with_the_first_provider_and_with_others_only_where_they_are_named(
    text: str, amounts: dict[str, Decimal]
) -> None:
    assert bootstrap.formula_credits(read(KEYS | {"FORMULA_CREDITS_PER_DAY": text})) == amounts
