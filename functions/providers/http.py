"""One HTTP exchange with a provider: never repeated, never redirected, limited in time and in bytes.

Nothing heavy is imported before the first request: a formula whose people are all known needs no connection.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from urllib.parse import urlsplit

import msgspec

from functions.errors import SettingsError
from functions.runtime import REAL
from functions.version import VERSION

if TYPE_CHECKING:
    from urllib3 import HTTPConnectionPool, Timeout
    from urllib3.response import BaseHTTPResponse

CONNECT_TIMEOUT_S = 10.0
"""To reach one address of the host, TLS included; nothing is charged before that."""

MAX_BODY_BYTES = 5_000_000
"""A lead with hundreds of technologies has some 100 kB."""

USER_AGENT = f"leadfill/{VERSION}"

COMPRESSED = {"Accept-Encoding": "gzip, deflate"}
"""What urllib3 can read without another library."""

LAST_YEAR = 2100
"""A date of a header that is later is none."""

_HALF_LETTER = re.compile(
    rb"\\u[dD](?:[89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB]..\\u[dD])[c-fC-F][0-9a-fA-F]{2})"
)
"""The escape of one half of a pair of UTF-16: a text that was cut between the two makes an answer unreadable."""

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer whose head arrived."""

    status: int
    headers: Mapping[str, str]
    """Their names are compared without case."""
    body: bytes | None
    """None if it was cut, late or too long: the status stands all the same."""

    def json(self, kind: type[Read]) -> Read | None:
        """The body as `kind`; None if it cannot be read as that."""
        try:
            return msgspec.json.decode(self.body or b"", type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None

    @property
    def sent_at(self) -> datetime:
        """The time of the answer by the provider's own clock, or by this machine's where it does not say."""
        return _http_date(self.headers.get("Date", "")) or REAL.now()

    @property
    def retry_after_s(self) -> float | None:
        """`Retry-After` in seconds from now: a number, or an HTTP date by the provider's own clock."""
        text = self.headers.get("Retry-After", "").strip()
        if (seconds := number(text)) is not None:
            return seconds
        until = _http_date(text)
        return None if until is None else self.seconds_until(until)

    def seconds_until(self, moment: datetime) -> float:
        """Return the seconds from the answer to a moment, by the provider's own clock; 0 if it has passed."""
        return max(0.0, (moment - self.sent_at).total_seconds())


@dataclass(frozen=True, slots=True)
class NoReply:
    """No answer came."""

    sent: bool
    """Return whether the whole request may have reached the provider."""


class HttpClient:
    """A provider's API over at most `concurrency` pooled connections. Safe to share between threads.

    It takes no proxy, certificate bundle or `.netrc` from the environment, which would be read again for each call.
    """

    def __init__(
        self, variables: str, base_url: str, headers: Mapping[str, str], *, concurrency: int, timeout_s: float
    ) -> None:
        """Opens no connection yet.

        Args:
            variables: how the names of the provider's settings begin, such as `SLINTEL`.
            base_url: without the path of a call.
            headers: the name of the header that carries the API key, and the key.
            concurrency: requests in flight; a further one waits for a free connection.
            timeout_s: for the whole answer, from the moment when the request was written.

        Raises:
            SettingsError: the URL or the key cannot be sent.
        """
        if urlsplit(base_url).scheme not in {"http", "https"} or not urlsplit(base_url).hostname:
            raise SettingsError(f"{variables}_BASE_URL must be a URL such as https://api.example.com/v2.")
        if not all(re.fullmatch(r"[!-~]+", key) for key in headers.values()):
            raise SettingsError(f"{variables}_API_KEY must be printable ASCII without spaces; copy it again.")
        self._base_url, self._base_path = base_url, urlsplit(base_url).path.rstrip("/")
        self._timeout_s, self._concurrency = timeout_s, concurrency
        self._headers = {**headers, "User-Agent": USER_AGENT, "Accept": "application/json", **COMPRESSED}
        self._opening = threading.Lock()
        # urllib3 writes the URLs of requests, and so persons, into its lines below ERROR.
        logging.getLogger("urllib3").setLevel(logging.ERROR)

    def send(self, method: Literal["GET", "POST"], path: str, json: Any = None) -> Reply | NoReply:  # noqa: ANN401 - JSON
        """Makes one request: a path below the base URL, with its query, and a JSON body or none."""
        from functions.providers.connections import FAULTS, exchange

        body = b"" if json is None else msgspec.json.encode(json)
        exchange.begin(self._timeout_s, body)
        try:
            with self._opening:
                pool = self._pool
            response = pool.urlopen(
                method,
                self._base_path + path,
                body=body or None,
                headers={**self._headers, "Content-Type": "application/json"} if body else self._headers,
                retries=False,
                redirect=False,
                timeout=self._timeouts,
                preload_content=False,
            )
        except FAULTS:
            return NoReply(sent=exchange.sent)
        if response.status < 200:  # the answer itself comes after it, and must not be taken for that to another request
            response.close()
            response.release_conn()
            return NoReply(sent=True)
        return Reply(response.status, response.headers, _read(response))

    def close(self) -> None:
        """Closes the pooled connections, if there are any."""
        if "_pool" in vars(self):
            self._pool.close()

    @cached_property
    def _pool(self) -> HTTPConnectionPool:
        from functions.providers.connections import open_pool

        return open_pool(self._base_url, self._concurrency)

    @cached_property
    def _timeouts(self) -> Timeout:
        from urllib3 import Timeout

        return Timeout(connect=CONNECT_TIMEOUT_S, read=self._timeout_s)


def number(text: str) -> float | None:
    """A header's value that is a plain number, not negative; None if it is anything else."""
    return float(text) if re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,9})?", text.strip()) else None


def _read(response: BaseHTTPResponse) -> bytes | None:
    """The body; None where it was cut, late or too long, and then its connection is not used again.

    Letters that are cut in two are replaced: the lead is paid for, and one of them would make all of it unreadable.
    """
    from functions.providers.connections import FAULTS

    body = bytearray()
    try:
        for part in response.stream(65_536, decode_content=True):
            body += part
            if len(body) > MAX_BODY_BYTES:
                response.close()
                return None
    except FAULTS:
        response.close()
        return None
    finally:
        response.release_conn()
    whole = body if body.isascii() else body.decode(errors="replace").encode()
    return _HALF_LETTER.sub(rb"\\ufffd", whole) if b"\\u" in whole else bytes(whole)


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if moment.year > LAST_YEAR:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
