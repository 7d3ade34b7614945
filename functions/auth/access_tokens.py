"""Find the owner of a Google access token by asking Google.

An access token by itself names nobody. `tokeninfo` names the person and the OAuth client that it was issued to, so that
nobody can act with a token that belongs to somebody else, or that was issued to another application.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from functions.auth.certificates import GOOGLE_CERTS_URL, LOOPBACK, IdentityUnavailable
from functions.auth.expiring_map import ExpiringMap
from functions.errors import Forbidden, SettingsError, SheetAccessExpired
from functions.runtime import REAL

if TYPE_CHECKING:
    import requests

GOOGLE_TOKENINFO_URL = "https://oauth2.googleapis.com/tokeninfo"
ANSWER_TIMEOUT_S = 5
MAX_REMEMBERED = 2_000
"""Tokens whose owner is remembered; the oldest make room."""
MAX_REMEMBERED_S = 300
"""A token that was taken back is noticed after so long."""


@dataclass(frozen=True, slots=True)
class TokenOwner:
    """The person and the application that an access token was issued to."""

    subject: str
    """The same stable id as in the person's OpenID token."""
    audience: str
    """The OAuth client id."""
    expires_at_s: float
    """Seconds since 1970."""

    @property
    def expires_at(self) -> datetime:
        """Return when the token ends."""
        return datetime.fromtimestamp(self.expires_at_s, UTC)


class AccessTokens:
    """Asks Google for the owner of an access token, once per token; safe to share between threads.

    Args:
        url: Google's `tokeninfo`, or that of the local issuer.
        certs_url: where identities are verified; both addresses must be Google's, or both of one local issuer.
        now: the clock, in seconds since 1970.

    Raises:
        SettingsError: `url` is not of the same issuer as `certs_url`.
    """

    def __init__(self, url: str, certs_url: str, now: Callable[[], float] = lambda: REAL.now().timestamp()) -> None:
        here, there = urlsplit(url), urlsplit(certs_url)
        local = here.scheme == "http" and here.hostname in LOOPBACK and here.netloc == there.netloc
        if not local and (url, certs_url) != (GOOGLE_TOKENINFO_URL, GOOGLE_CERTS_URL):
            raise SettingsError(
                f"IDENTITY_TOKENINFO_URL must be {GOOGLE_TOKENINFO_URL}, or on one machine that of its local issuer."
            )
        self._url, self._now = url, now
        self._trust_env = not local  # no proxy stands between a process and its own machine
        self._known: ExpiringMap[bytes, TokenOwner] = ExpiringMap(MAX_REMEMBERED)

    def check_owner(self, access_token: str, *, subject: str, audiences: frozenset[str]) -> TokenOwner:
        """Make sure that a token is this person's, and was issued to one of the allowed applications.

        Raises:
            Forbidden: it belongs to somebody else, or was issued to another application.
            SheetAccessExpired: it is no longer valid.
            IdentityUnavailable: the service cannot be asked.
        """
        owner = self._owner(access_token)
        if owner.subject != subject:
            raise Forbidden(
                "The access to the spreadsheet belongs to another account than the one you signed in with; "
                "reload the sidebar, and use one Google account in this browser window."
            )
        if owner.audience not in audiences:
            raise Forbidden("The access to the spreadsheet was not given to this add-on; reload the sidebar.")
        return owner

    def _owner(self, access_token: str) -> TokenOwner:
        digest, now = sha256(access_token.encode()).digest(), self._now()
        owner = self._known.get(digest, now)
        if owner is None:
            owner = self._ask(access_token)
            self._known.put(digest, owner, min(owner.expires_at_s, now + MAX_REMEMBERED_S))
        return owner

    def _ask(self, access_token: str) -> TokenOwner:
        import requests

        # The token in a header and not in the URL, which logs would keep; Google's own Node client asks in this way
        # (google-auth-library-nodejs, `OAuth2Client.getTokenInfo`).
        headers = {"Authorization": f"Bearer {access_token}", "Content-Type": "application/x-www-form-urlencoded"}
        try:
            with requests.Session() as session:
                session.trust_env = self._trust_env
                answer = session.post(self._url, headers=headers, timeout=ANSWER_TIMEOUT_S, allow_redirects=False)
            if answer.status_code in {400, 401}:
                raise SheetAccessExpired
            answer.raise_for_status()
            return _owner_of(answer, self._now())
        except (requests.RequestException, ValueError, KeyError, TypeError):
            # Without a cause: it could hold the token.
            raise IdentityUnavailable(
                "Google cannot confirm right now whose access this is; try again in a moment.", retry_after_s=5
            ) from None


def _owner_of(answer: requests.Response, now: float) -> TokenOwner:
    body: dict[str, Any] = answer.json()
    subject, audience = body["sub"], body["aud"]
    if not (isinstance(subject, str) and subject and isinstance(audience, str) and audience):
        raise ValueError("not a description of a token")
    return TokenOwner(subject, audience, now + float(body["expires_in"]))
