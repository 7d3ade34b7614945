"""Certificates that verify identity tokens: fetched once, and kept as long as their issuer says."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from functions.errors import AccessError, SettingsError
from functions.runtime import REAL, Runtime

if TYPE_CHECKING:
    import requests

GOOGLE_CERTS_URL = "https://www.googleapis.com/oauth2/v1/certs"
"""Key id → X.509 certificate in PEM; answers with `Cache-Control: max-age` of some hours."""
GOOGLE_ISSUERS = frozenset({"accounts.google.com", "https://accounts.google.com"})
"""Both are Google's, says https://developers.google.com/identity/openid-connect/openid-connect."""
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

FETCH_TIMEOUT_S = 5
MIN_KEPT_S = 60
MAX_KEPT_S = 24 * 3600
REFETCH_PAUSE_S = 30
"""Seconds after a fetch in which an unknown key id causes no other one."""
FAILURE_PAUSE_S = 2
"""Seconds after a failed fetch in which none is tried."""
STALE_S = 3600
"""Seconds for which expired certificates still serve while their issuer cannot be reached."""


class IdentityUnavailable(AccessError):
    """Identities cannot be checked right now, because the issuer's certificates cannot be fetched; try again soon."""

    slug = "identity-unavailable"
    status = 503


def issuers(certs_url: str) -> frozenset[str]:
    """Return the issuers whose tokens the certificates at this address may vouch for.

    The address alone decides: Google's certificates vouch for Google; an address on this machine vouches for the
    issuer at the same address, whose tokens no deployment with Google's certificates accepts. There is no third case.

    Raises:
        SettingsError: any other address.
    """
    if certs_url == GOOGLE_CERTS_URL:
        return GOOGLE_ISSUERS
    url = urlsplit(certs_url)
    if url.scheme == "http" and url.hostname in LOOPBACK:
        return frozenset({f"http://{url.netloc}"})
    raise SettingsError(
        f"IDENTITY_CERTS_URL must be {GOOGLE_CERTS_URL}, or on one machine the address of its local issuer.",
    )


class Certificates:
    """Key id → certificate (PEM) of one issuer; safe to share between threads."""

    def __init__(self, certs_url: str, runtime: Runtime = REAL) -> None:
        self._url, self._runtime = certs_url, runtime
        self._lock = threading.Lock()
        self._certs: dict[str, str] = {}
        self._fresh_until = self._not_before = float("-inf")

    def current(self, key_id: str) -> Mapping[str, str]:
        """Return all certificates; they are fetched again when they have expired or `key_id` is not among them.

        Raises:
            IdentityUnavailable: there are none, and none can be fetched.
        """
        if key_id in self._certs and self._runtime.monotonic() < self._fresh_until:
            return self._certs
        with self._lock:
            now = self._runtime.monotonic()
            wanted = key_id not in self._certs or now >= self._fresh_until
            if wanted and now >= self._not_before:
                self._refresh(now)
            if not self._certs or now >= self._fresh_until + STALE_S:
                raise IdentityUnavailable(retry_after_s=FAILURE_PAUSE_S)
            return self._certs

    def _refresh(self, now: float) -> None:
        import requests

        self._not_before = now + FAILURE_PAUSE_S
        try:
            with requests.Session() as session:
                # No proxy stands between a process and its own machine.
                session.trust_env = urlsplit(self._url).hostname not in LOOPBACK
                answer = session.get(self._url, timeout=FETCH_TIMEOUT_S, allow_redirects=False)
            certs = _certificates(answer)
        except (requests.RequestException, ValueError):
            return  # the present ones serve for a while yet; `current` knows how long
        self._certs = certs
        self._not_before = now + REFETCH_PAUSE_S
        self._fresh_until = now + kept_s(answer.headers.get("Cache-Control", ""))


def kept_s(cache_control: str) -> float:
    """Return the seconds for which an answer with this `Cache-Control` is kept: between a minute and a day."""
    found = re.search(r"\bmax-age=(\d{1,9})\b", cache_control)
    return min(max(float(found[1]) if found else 0.0, MIN_KEPT_S), MAX_KEPT_S)


def _certificates(answer: requests.Response) -> dict[str, str]:
    answer.raise_for_status()
    body = answer.json()
    if not isinstance(body, dict) or not body or not all(isinstance(value, str) for value in body.values()):
        raise ValueError("not a map of key ids to certificates")
    return body
