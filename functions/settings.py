"""Settings: read from the environment once, typed and validated; a wrong one stops the start and is named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from typing import Any, get_type_hints
from urllib.parse import parse_qs, urlsplit

from functions.credits.caps import Allowance, amount_of, amounts_of
from functions.errors import SettingsError
from functions.providers import provider_settings
from functions.providers.provider_settings import ProviderSettings
from functions.providers.registry import REGISTRY

ALLOCATOR = {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": "262144"}
"""The environment of a process that reads large tabs, for the C library (glibc, mallopt(3)): without it, memory of an
answer of many megabytes stays with the thread that has read it."""
_TWO_HUNDRED, _FIVE_THOUSAND, _FIFTY_THOUSAND = (Allowance(Decimal(number)) for number in (200, 5_000, 50_000))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every variable of the environment that Leadfill reads; an attribute is its name, but for those of `providers`."""

    providers: Mapping[str, ProviderSettings] = field(default_factory=dict)
    """Those that a run may ask, in the waterfall's order: `PROVIDERS`, and the variables of `provider_settings`."""
    database_url: str = "sqlite:///leadfill.db"
    fresh_days: int = 180
    """Days for which a lead counts as known."""
    miss_fresh_days: int = 30
    """Days for which a miss counts as known."""
    credits_per_run: Allowance = _FIVE_THOUSAND
    """Of each provider: one number for all, or `slintel=5000,prospeo=300`, where others keep the default."""
    credits_per_user_day: Allowance = _FIVE_THOUSAND
    credits_per_month: Allowance = _FIFTY_THOUSAND
    formula_credits_per_day: Allowance = _TWO_HUNDRED
    """Of the formulas of one spreadsheet: a number is the first provider's, and others get nothing unless named."""
    formula_new_people_per_day: int = 1000
    """People whom the team knows from elsewhere that the formulas of one spreadsheet may newly show in a day."""
    sheets_api_endpoint: str = "https://sheets.googleapis.com/"
    sheets_calls_per_minute: int = 60
    """Of all instances to one spreadsheet, on average; 0: as many as there are."""
    tasks_queue: str = ""
    """`projects/P/locations/L/queues/Q`; empty: the queue in the store."""
    tasks_api_endpoint: str = "https://cloudtasks.googleapis.com/"
    worker_url: str = ""
    sweep_url: str = ""
    """The audience of the scheduler's tokens."""
    worker_service_account: str = ""
    """The only identity that `worker` and `sweep` answer to."""
    identity_audience: tuple[str, ...] = ()
    """OAuth client ids, one for each Apps Script project that may call."""
    identity_certs_url: str = "https://www.googleapis.com/oauth2/v1/certs"
    identity_tokeninfo_url: str = "https://oauth2.googleapis.com/tokeninfo"
    """The address at which Google tells the owner of an access token."""
    allowed_domains: tuple[str, ...] = ()
    allowed_emails: tuple[str, ...] = ()
    admin_emails: tuple[str, ...] = ()
    """Who sees what everybody spent, by name."""
    leadfill_secret_key: str = ""
    """One key, or the new and the old one with a comma between them while they are rotated."""
    google_cloud_project: str = ""
    """The project whose logs the traces belong to."""
    k_service: str = ""
    """Set by Cloud Run: this process is in the cloud."""

    def __repr__(self) -> str:
        """Without values: they hold secrets."""
        return "Settings(…)"


def read(environ: Mapping[str, str], *, keys_needed: bool = True) -> Settings:
    """Reads and validates every variable at once.

    Args:
        environ: the environment.
        keys_needed: false for a process that asks no provider: it has no key, and `PROVIDERS` tells it who can be used.

    Raises:
        SettingsError: with one line for each variable that is wrong.
    """
    hints = get_type_hints(Settings)
    values: dict[str, Any] = {}
    wrong: list[str] = []
    for name in _SIMPLE:
        text = environ.get(name.upper(), "").strip()
        if not text:
            continue
        try:
            values[name] = _convert(text, hints[name], name)
        except ValueError as error:
            wrong.append(f"{name.upper()} {error}")
    providers, wrong_providers = provider_settings.read(environ, keys_needed=keys_needed)
    settings = Settings(**values, providers=providers)
    wrong += wrong_providers + _contradictions(settings) + _unsafe_providers(environ)
    if wrong:
        raise SettingsError("These settings are wrong:\n" + "\n".join(f"- {line}" for line in wrong))
    return settings


def variables() -> dict[str, str]:
    """Every variable with its default as text; empty where there is none."""
    simple = {name.upper(): _as_text(_DEFAULTS[name]) for name in _SIMPLE}
    of_providers = [provider_settings.variables(name) for name in REGISTRY]
    return {"PROVIDERS": ""} | {name: text for one in of_providers for name, text in one.items()} | simple


def _as_text(default: object) -> str:
    if isinstance(default, Allowance):
        return f"{default.default:f}"
    return ",".join(default) if isinstance(default, tuple) else str(default)


def _convert(text: str, kind: object, name: str) -> object:
    if kind is Allowance:
        return _allowance(text, name)
    if kind is int or kind is float:
        try:
            number = int(text) if kind is int else float(text)
        except ValueError:
            raise ValueError("must be a number.") from None
        if not 0 <= number < float("inf"):
            raise ValueError("must be a number, 0 or more.")
        return number
    return parts_of(text) if kind == tuple[str, ...] else text


def parts_of(text: str) -> tuple[str, ...]:
    """Return the parts of a list with commas, in lower case and without the blanks around them."""
    return tuple(part.strip().lower() for part in text.split(",") if part.strip())


def _allowance(text: str, name: str) -> Allowance:
    if "=" not in text:
        return Allowance(amount_of(text))
    named = amounts_of(text)
    if unknown := [provider for provider in named if provider not in REGISTRY]:
        raise ValueError(f"must name providers of {', '.join(REGISTRY)}; it names {', '.join(unknown)}.")
    default: Allowance = _DEFAULTS[name]
    return replace(default, named=named)


_DEFAULTS: dict[str, Any] = {one.name: one.default for one in fields(Settings)}
LISTS = frozenset(one.name.upper() for one in fields(Settings) if isinstance(one.default, tuple))
"""The variables that hold a list with commas; see `parts_of`."""
_SIMPLE = tuple(one.name for one in fields(Settings) if one.name != "providers")
"""The attributes that are one variable each."""

_THIS_MACHINE = {("http", "127.0.0.1"), ("http", "localhost"), ("http", "::1")}


def _contradictions(settings: Settings) -> list[str]:
    wrong = [
        f"{name} must be at least 1: what is stale at once is paid for again in the same run."
        for name, days in (("FRESH_DAYS", settings.fresh_days), ("MISS_FRESH_DAYS", settings.miss_fresh_days))
        if days < 1
    ]
    if settings.k_service:
        wrong += _unsafe_in_the_cloud(settings)
    return wrong


def _unsafe_providers(environ: Mapping[str, str]) -> list[str]:
    return [
        f"{name} must begin with https://, since the API key travels with each request."
        for registered in REGISTRY.values()
        if (url := environ.get(name := f"{registered.variables}_BASE_URL", "").strip()) and not _is_safe(url)
    ]


_ADDRESSES = (
    "sheets_api_endpoint",
    "tasks_api_endpoint",
    "worker_url",
    "sweep_url",
    "identity_certs_url",
    "identity_tokeninfo_url",
)


def _unsafe_in_the_cloud(settings: Settings) -> list[str]:
    """Describe settings that are fine on one machine, but would lose data or reveal tokens in the cloud."""
    wrong = [
        f"{name.upper()} must begin with https://, since tokens travel with each request."
        for name in _ADDRESSES
        if (url := getattr(settings, name)) and not _is_safe(url)
    ]
    if settings.database_url.startswith("sqlite"):
        wrong.append(
            "DATABASE_URL must name a PostgreSQL database in the cloud: SQLite would be lost with the instance, "
            "and the record of paid credits with it.",
        )
    elif not _verifies_its_server(settings.database_url):
        wrong.append(
            "DATABASE_URL must end with ?sslmode=verify-full (and sslrootcert=system for a public certificate): "
            "else whoever stands between reads leads and access tokens."
        )
    return wrong


def _is_safe(url: str) -> bool:
    address = urlsplit(url)
    return address.scheme == "https" or (address.scheme, address.hostname) in _THIS_MACHINE


def _verifies_its_server(database_url: str) -> bool:
    """Tell whether a PostgreSQL URL names a socket, this machine, or a server whose certificate is verified."""
    address = urlsplit(database_url)
    options = parse_qs(address.query)
    hosts = options.get("host") or ([address.hostname] if address.hostname else [])
    remote = [host for host in hosts if not host.startswith("/") and ("http", host) not in _THIS_MACHINE]
    return not remote or options.get("sslmode") == ["verify-full"]
