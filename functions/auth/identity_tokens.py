"""Authenticate bearer tokens: each becomes a `Caller`, or a refusal that says what to do and reveals nothing else.

There are three kinds of token, and none is accepted in place of another: a person's OpenID token (`api`), the queue's
and the scheduler's OpenID token (`worker`, `sweep`), and the formula token that a person had made for one spreadsheet
(`formula`). There is no way to switch any check off: on one machine a local issuer signs real tokens.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from functions.auth.certificates import Certificates, issuers
from functions.auth.encryption import DecryptionFailed, TokenCipher
from functions.errors import Forbidden, SettingsError, Unauthenticated
from functions.runtime import REAL

FORMULA_TOKEN_DAYS = 14
"""The maker's sidebar renews it; of somebody who has left it ends by itself."""
CLOCK_SKEW_S = 10
MAX_HEADER_LENGTH = 8192
"""Google's tokens are about 1,200 characters; a longer one is not worth decoding."""
_GMAIL = frozenset({"gmail.com", "googlemail.com"})
_CLIENT_ID = re.compile(r"[a-z0-9-]{1,100}\.apps\.googleusercontent\.com")
_BEARER = re.compile(r"Bearer +([A-Za-z0-9._~+/=-]+)", re.IGNORECASE)

_SIGN_IN = "Sign in again: this identity is missing, expired, or not meant for this deployment."
_CONNECT = "This sheet's formulas are not connected any more; choose Connect again in Leadfill's settings."


@dataclass(frozen=True, slots=True)
class Caller:
    """A person (or a service account) that has proved who they are."""

    subject: str
    """Stable and never reused, unlike an address: the key for caps and ownership."""
    email: str
    """In lower case."""
    domain: str
    """The Google Workspace or Cloud Identity domain, `gmail.com`, or empty for neither."""


@dataclass(frozen=True, slots=True)
class FormulaToken:
    """The rights of a formula token: to call the formula, for one spreadsheet, in the name of its maker."""

    token_id: str
    spreadsheet_id: str
    issued_by: Caller
    issued_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None


class Access:
    """Checks the tokens of one deployment; safe to share between threads.

    Args:
        audiences: the OAuth client ids that people's tokens may be meant for, one for each Apps Script project; without
            one no person is let in.
        certs_url: Google's certificates, or those of the local issuer; it decides whose tokens count.
        allowed_domains: Workspace domains (or `gmail.com`) whose people may call, in lower case.
        allowed_emails: single addresses that may call, in lower case.
        worker_service_account: the only identity that `worker_identity` accepts.
        secret_key: `LEADFILL_SECRET_KEY`; encrypts formula tokens.
        now: the clock, in seconds since 1970.

    Raises:
        SettingsError: `certs_url` is neither Google's nor local, or `secret_key` is too weak.
    """

    def __init__(
        self,
        *,
        audiences: tuple[str, ...],
        certs_url: str,
        allowed_domains: tuple[str, ...],
        allowed_emails: tuple[str, ...],
        worker_service_account: str,
        secret_key: str,
        now: Callable[[], float] = lambda: REAL.now().timestamp(),
    ) -> None:
        self._audiences = audiences
        self._issuers = tuple(issuers(certs_url))
        self._certificates = Certificates(certs_url)
        self._allowed_domains = frozenset(allowed_domains)
        self._allowed_emails = frozenset(allowed_emails)
        self._worker_service_account = worker_service_account.lower()
        self._cipher = TokenCipher(secret_key, "formula token")
        self._now = now

    def caller(self, authorization_header: str | None) -> Caller:
        """`Authorization` header → the person who is asking.

        Raises:
            Unauthenticated: no valid token of a trusted issuer for this deployment.
            Forbidden: a person who is known, but not allowed here.
            IdentityUnavailable: the issuer's certificates cannot be fetched.
            SettingsError: the deployment has no `IDENTITY_AUDIENCE`.
        """
        if not self._audiences:
            raise SettingsError("IDENTITY_AUDIENCE is not set; set it to the add-on's OAuth client id.")
        claims = self._claims(authorization_header)
        if claims.get("aud") not in self._audiences:
            raise Unauthenticated(_stranger(claims.get("aud")))
        caller = _caller(claims)
        if not self.is_admitted(caller):
            raise Forbidden("This account may not use this deployment; ask its owner to allow it.")
        return caller

    def worker_identity(self, authorization_header: str | None, audience: str) -> Caller:
        """`Authorization` header of a queue's or scheduler's call → the configured service account.

        The signature is always checked here. Behind Cloud Run's own invoker check it would arrive removed (the text
        `SIGNATURE_REMOVED_BY_GOOGLE` in its place), and anyone could write that text; so `worker` and `sweep` are kept
        private by `ingress: internal` and by this check.

        Args:
            authorization_header: as it came.
            audience: what the token must be meant for: the worker's or the sweep's own URL.

        Raises:
            Unauthenticated: no valid token for this audience.
            Forbidden: a valid token of somebody else.
            IdentityUnavailable: the issuer's certificates cannot be fetched.
            SettingsError: there is no audience, or no `WORKER_SERVICE_ACCOUNT`.
        """
        if not audience or not self._worker_service_account:
            raise SettingsError("WORKER_URL and WORKER_SERVICE_ACCOUNT must be set for the worker and the sweep.")
        claims = self._claims(authorization_header)
        if claims.get("aud") != audience:
            raise Unauthenticated(_SIGN_IN)
        caller = _caller(claims)
        if caller.email != self._worker_service_account:
            raise Forbidden("Only the queue and the scheduler of this deployment may call this address.")
        return caller

    def issue_formula_token(self, caller: Caller, spreadsheet_id: str) -> tuple[str, FormulaToken]:
        """Make a token for the formulas of one spreadsheet; it counts once it is in the store.

        Returns:
            Its text, which is shown once and nowhere kept, and what the store keeps of it.
        """
        issued_at = datetime.fromtimestamp(int(self._now()), UTC)
        token = FormulaToken(
            token_id=secrets.token_urlsafe(16),
            spreadsheet_id=spreadsheet_id,
            issued_by=caller,
            issued_at=issued_at,
            expires_at=issued_at + timedelta(days=FORMULA_TOKEN_DAYS),
        )
        return self._cipher.encrypt(token.token_id), token

    def formula_token(
        self,
        authorization_header: str | None,
        *,
        spreadsheet_id: str | None,
        find: Callable[[str], FormulaToken | None],
    ) -> FormulaToken:
        """`Authorization` header of a formula's call → what it allows; nothing else is accepted there.

        Args:
            authorization_header: as it came.
            spreadsheet_id: which spreadsheet the call says it comes from; None if it does not say.
            find: token id → what the store keeps of it. Asked only for a text that this deployment has made.

        Raises:
            Unauthenticated: no formula token of this deployment, or one that has ended.
            Forbidden: made for another spreadsheet, or by a person who is no longer allowed here.
        """
        try:
            token = find(self._cipher.decrypt(_bearer(authorization_header, _CONNECT)))
        except DecryptionFailed:
            raise Unauthenticated(_CONNECT) from None
        if token is None or token.revoked_at is not None or self._now() >= token.expires_at.timestamp():
            raise Unauthenticated(_CONNECT)
        if spreadsheet_id is not None and spreadsheet_id != token.spreadsheet_id:
            raise Forbidden("This formula permission is for another spreadsheet; open the sidebar in this one.")
        if not self.is_admitted(token.issued_by):
            raise Forbidden(
                "Whoever connected this sheet's formulas may not use Leadfill any more; "
                "choose Connect again in Leadfill's settings."
            )
        return token

    def is_admitted(self, caller: Caller) -> bool:
        """Tell whether a person may use this deployment by its present settings."""
        return caller.email in self._allowed_emails or caller.domain in self._allowed_domains

    def _claims(self, authorization_header: str | None) -> Mapping[str, Any]:
        """The claims of a token whose signature, time, issuer and address hold; the caller checks the audience."""
        from google.auth import jwt
        from google.auth.exceptions import GoogleAuthError

        token = _bearer(authorization_header, _SIGN_IN)
        try:
            header = jwt.decode_header(token)  # type: ignore[no-untyped-call]  # google-auth types only parts
            # The algorithm is ours to choose, not the token's; a key id is what Google always sends.
            if header.get("alg") != "RS256" or not isinstance(header.get("kid"), str):
                raise Unauthenticated(_SIGN_IN)
            claims: Mapping[str, Any] = jwt.decode(  # type: ignore[no-untyped-call]  # google-auth types only parts
                token,
                certs=self._certificates.current(header["kid"]),
                clock_skew_in_seconds=CLOCK_SKEW_S,
            )
        except (GoogleAuthError, ValueError, TypeError, RecursionError):
            # Without a cause: google-auth's messages repeat parts of the token.
            raise Unauthenticated(_SIGN_IN) from None
        if claims.get("iss") not in self._issuers or claims.get("email_verified") is not True:
            raise Unauthenticated(_SIGN_IN)
        return claims


def _bearer(authorization_header: str | None, otherwise: str) -> str:
    header = authorization_header or ""
    if len(header) > MAX_HEADER_LENGTH or not (found := _BEARER.fullmatch(header.strip())):
        raise Unauthenticated(otherwise)
    return found[1]


def _stranger(audience: object) -> str:
    """Return the sentence for a genuine token that another OAuth client asked for; its id is no secret."""
    if not (isinstance(audience, str) and _CLIENT_ID.fullmatch(audience)):
        return _SIGN_IN
    return (
        f"This add-on's OAuth client id, {audience}, is not one that this deployment answers to. "
        "Whoever runs Leadfill can add it to IDENTITY_AUDIENCE."
    )


def _caller(claims: Mapping[str, Any]) -> Caller:
    """Return the caller that the claims of a verified token name.

    Google is authoritative for an address at gmail.com, of a service account, or with `hd`; another address may have
    passed to somebody else since it was verified (https://developers.google.com/identity/gsi/web/guides/verify-google-id-token).

    Raises:
        Unauthenticated: the issuer is not authoritative for the address.
    """
    subject, email, domain = claims.get("sub"), claims.get("email"), claims.get("hd", "")
    if not (isinstance(subject, str) and subject and isinstance(email, str) and isinstance(domain, str)):
        raise Unauthenticated(_SIGN_IN)
    email, host = email.lower(), email.lower().rpartition("@")[2]
    if not domain and host in _GMAIL:
        domain = "gmail.com"
    if not domain and not host.endswith(".gserviceaccount.com"):
        raise Unauthenticated("Sign in with a Google Workspace or gmail.com account; Google does not verify this one.")
    return Caller(subject, email, domain.lower())
