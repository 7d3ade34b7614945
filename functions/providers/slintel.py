"""One lookup at Slintel over HTTP, without retry; every documented and every possible answer has its conclusion.

What is documented of the API is in its lead enrichment page; what is inferred of the gateway in front of it (the
statuses, and bodies such as `{"message": "Forbidden"}`) is taken as possible, never as promised.
"""

from __future__ import annotations

import logging
import re
import threading
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import msgspec

from functions.credits.lookup_result import (
    Found,
    LookupResult,
    Missing,
    NoAnswer,
    Refused,
    Throttled,
    Unavailable,
    Unreadable,
)
from functions.errors import KeyRejected, QuotaExhausted, SettingsError
from functions.profiles import Profile

if TYPE_CHECKING:
    import requests

CONNECT_TIMEOUT_S = 10.0
"""To reach one address of the host, TLS included; nothing is charged before that."""

MAX_BODY_BYTES = 5_000_000
"""A lead with hundreds of technologies has some 100 kB."""

USER_AGENT = "leadfill/0.1.0"

_LIMIT_EXCEEDED = "limit exceeded"
"""The message of the 429 that means the plan's quota; any other 429 is the burst limit."""


class _Envelope(msgspec.Struct):
    data: msgspec.Raw = msgspec.Raw(b"null")


class _GatewayError(msgspec.Struct):
    message: str = ""


class Slintel:
    """The provider, reached over at most `concurrency` pooled connections. Safe to share between threads.

    No proxy, certificate bundle or `.netrc` is taken from the environment: that look-up would be made for each call.
    """

    def __init__(self, base_url: str, api_key: str, *, concurrency: int, timeout_s: float) -> None:
        """Opens no connection yet.

        Args:
            base_url: without the path of a call, such as `https://apiv2.slintel.com/v2.0`.
            api_key: sent as `x-api-key`.
            concurrency: lookups in flight; a further one waits for a free connection.
            timeout_s: for the whole answer, from the moment when the request was written.

        Raises:
            SettingsError: the URL or the key cannot be sent.
        """
        if urlsplit(base_url).scheme not in {"http", "https"} or not urlsplit(base_url).hostname:
            raise SettingsError("SLINTEL_BASE_URL must be a URL such as https://apiv2.slintel.com/v2.0.")
        if not re.fullmatch(r"[!-~]+", api_key):
            raise SettingsError("SLINTEL_API_KEY must be printable ASCII without spaces; copy it again.")
        self._lookup_url = base_url.rstrip("/") + "/lead/enrich?linkedin_url="
        self._timeout_s, self._concurrency = timeout_s, concurrency
        self._headers = {"x-api-key": api_key, "User-Agent": USER_AGENT, "Accept": "application/json"}
        self._opening = threading.Lock()
        # urllib3 writes the URLs of requests, and so persons, into its lines below ERROR.
        logging.getLogger("urllib3").setLevel(logging.ERROR)

    def __repr__(self) -> str:
        """Without the key."""
        return "Slintel(…)"

    def look_up(self, profile: Profile) -> LookupResult:
        """Asks for one person, once.

        Raises:
            KeyRejected: 401 or 403.
            QuotaExhausted: 402, or 429 *Limit Exceeded*.
        """
        from functions.providers.http import FAULTS, exchange

        with self._opening:
            session = self._session
        exchange.begin(self._timeout_s)
        try:
            response = session.get(
                self._lookup_url + quote(profile.url, safe=""),
                stream=True,
                allow_redirects=False,
                timeout=(CONNECT_TIMEOUT_S, self._timeout_s),
            )
        except FAULTS:
            return NoAnswer(sent=exchange.sent)
        with response:
            return _conclude(response.status_code, _retry_after_s(response), _read(response))

    def close(self) -> None:
        """Closes the pooled connections, if there are any."""
        if "_session" in vars(self):
            self._session.close()

    @cached_property
    def _session(self) -> requests.Session:
        from functions.providers.http import open_session

        return open_session(self._concurrency, self._headers)


def _read(response: requests.Response) -> bytes | None:
    """The whole body, or None if it was cut, late or too long: the status stands all the same."""
    from functions.providers.http import FAULTS

    body = bytearray()
    try:
        for part in response.iter_content(65_536):
            body += part
            if len(body) > MAX_BODY_BYTES:
                return None
    except FAULTS:
        return None
    return bytes(body)


def _conclude(status: int, retry_after_s: float | None, body: bytes | None) -> LookupResult:
    """The answers table of the API."""
    if 200 <= status < 300:
        return _lead(body)
    if status in {401, 403}:
        raise KeyRejected
    if status == 402 or (status == 429 and _message(body) == _LIMIT_EXCEEDED):
        raise QuotaExhausted
    others: dict[int, LookupResult] = {
        404: Missing(successful=False),
        408: Unavailable(status, retry_after_s),  # arrived in part only, by RFC 9110: the client may repeat it
        429: Throttled(retry_after_s),
        504: NoAnswer(sent=True),  # the gateway gave up; the service behind it may have finished, and charged
    }
    return others.get(status) or (Refused(status) if 400 <= status < 500 else Unavailable(status, retry_after_s))


def _lead(body: bytes | None) -> LookupResult:
    """What a successful answer holds."""
    if body is None:
        return Unreadable()
    try:
        raw = msgspec.json.decode(body, type=_Envelope).data
        data = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Unreadable()
    if not data or (isinstance(data, dict) and not data.get("id")):
        return Missing(successful=True)
    return Found(data, bytes(raw)) if isinstance(data, dict) else Unreadable()


def _message(body: bytes | None) -> str:
    """The gateway's own word on an error, in lower case; empty if it has none."""
    try:
        return msgspec.json.decode(body or b"", type=_GatewayError).message.strip(" .").casefold()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""


def _retry_after_s(response: requests.Response) -> float | None:
    """`Retry-After` in seconds from now: a number, or an HTTP date by the server's own clock."""
    text = response.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text):
        return float(text)
    until = _http_date(text)
    if until is None:
        return None
    now = _http_date(response.headers.get("Date", "")) or datetime.now(UTC)
    return max(0.0, (until - now).total_seconds())


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
