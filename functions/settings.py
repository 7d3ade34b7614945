"""Settings: read from the environment once, typed and validated; a wrong one stops the start and names itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, get_type_hints
from urllib.parse import parse_qs, urlsplit

from functions.errors import SettingsError


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every variable of the environment that Leadfill reads; the attribute is its name in lower case."""

    slintel_api_key: str = ""
    slintel_base_url: str = "https://apiv2.slintel.com/v2.0"
    slintel_concurrency: int = 16
    """Lookups in flight per instance."""
    slintel_timeout_s: float = 35.0
    """Above the gateway's own 29 s, so that a late answer is still an answer."""
    database_url: str = "sqlite:///leadfill.db"
    fresh_days: int = 180
    """Days for which a lead counts as known."""
    miss_fresh_days: int = 30
    """Days for which a miss counts as known."""
    credits_per_run: int = 5000
    credits_per_user_day: int = 5000
    credits_per_month: int = 50000
    formula_credits_per_day: int = 200
    formula_new_people_per_day: int = 1000
    """People whom the team knows from elsewhere that the formulas of one spreadsheet may newly show in a day."""
    sheets_api_endpoint: str = "https://sheets.googleapis.com/"
    tasks_queue: str = ""
    """`projects/P/locations/L/queues/Q`; empty: the queue in the store."""
    tasks_api_endpoint: str = "https://cloudtasks.googleapis.com/"
    worker_url: str = ""
    sweep_url: str = ""
    """The audience of the scheduler's tokens."""
    worker_service_account: str = ""
    """The only identity that `worker` and `sweep` answer to."""
    identity_audience: str = ""
    identity_certs_url: str = "https://www.googleapis.com/oauth2/v1/certs"
    identity_tokeninfo_url: str = "https://oauth2.googleapis.com/tokeninfo"
    """The address at which Google tells the owner of an access token."""
    allowed_domains: tuple[str, ...] = ()
    allowed_emails: tuple[str, ...] = ()
    leadfill_secret_key: str = ""
    """One key, or the new and the old one with a comma between them while they are rotated."""
    google_cloud_project: str = ""
    """The project whose logs the traces belong to."""
    k_service: str = ""
    """Set by Cloud Run: this process is in the cloud."""

    def __repr__(self) -> str:
        """Without values: they hold secrets."""
        return "Settings(…)"


def read(environ: Mapping[str, str]) -> Settings:
    """Reads and validates every variable at once.

    Raises:
        SettingsError: with one line for each variable that is wrong.
    """
    hints = get_type_hints(Settings)
    values: dict[str, Any] = {}
    wrong: list[str] = []
    for field in fields(Settings):
        text = environ.get(field.name.upper(), "").strip()
        if not text:
            continue
        try:
            values[field.name] = _convert(text, hints[field.name])
        except ValueError as error:
            wrong.append(f"{field.name.upper()} {error}")
    settings = Settings(**values)
    wrong += _contradictions(settings)
    if wrong:
        raise SettingsError("These settings are wrong:\n" + "\n".join(f"- {line}" for line in wrong))
    return settings


def _convert(text: str, kind: object) -> object:
    if kind is int or kind is float:
        try:
            number = int(text) if kind is int else float(text)
        except ValueError:
            raise ValueError("must be a number.") from None
        if not 0 <= number < float("inf"):
            raise ValueError("must be a number that is not negative.")
        return number
    if kind == tuple[str, ...]:
        return tuple(part.strip().lower() for part in text.split(",") if part.strip())
    return text


_THIS_MACHINE = {("http", "127.0.0.1"), ("http", "localhost"), ("http", "::1")}


def _contradictions(settings: Settings) -> list[str]:
    wrong = []
    if not _is_safe(settings.slintel_base_url):
        wrong.append("SLINTEL_BASE_URL must begin with https://, since the API key travels with each request.")
    if not 1 <= settings.slintel_concurrency <= 256:
        wrong.append("SLINTEL_CONCURRENCY must lie between 1 and 256.")
    if not 30 <= settings.slintel_timeout_s <= 120:
        wrong.append(
            "SLINTEL_TIMEOUT_S must lie between 30 and 120: Slintel's gateway itself answers after 29 s at the latest, "
            "and a claim must outlive its lookup."
        )
    wrong += [
        f"{name} must be at least 1: what is stale at once is paid for again in the same run."
        for name, days in (("FRESH_DAYS", settings.fresh_days), ("MISS_FRESH_DAYS", settings.miss_fresh_days))
        if days < 1
    ]
    if settings.k_service:
        wrong += _unsafe_in_the_cloud(settings)
    return wrong


_ADDRESSES = (
    "sheets_api_endpoint",
    "tasks_api_endpoint",
    "worker_url",
    "sweep_url",
    "identity_certs_url",
    "identity_tokeninfo_url",
)


def _unsafe_in_the_cloud(settings: Settings) -> list[str]:
    """Describe what is fine on one machine, and would lose data or show tokens to a network elsewhere."""
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
