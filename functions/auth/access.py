"""Who is asking: a bearer token → a `Caller`, or a refusal that says what to do and nothing else.

Three kinds of token, none of which opens another's door: a person's OpenID token (`api`), the queue's and the
scheduler's OpenID token (`worker`, `sweep`), and the formula token that a person had made for one spreadsheet
(`formula`). There is no way to switch any check off: on one machine a local issuer signs real tokens.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from functions.auth.certificates import Certificates, issuers
from functions.auth.encryption import DecryptionFailed, TokenCipher
from functions.errors import Forbidden, SettingsError, Unauthenticated
from functions.runtime import REAL

FORMULA_TOKEN_DAYS = 90
CLOCK_SKEW_S = 10
MAX_HEADER_LENGTH = 8192
"""Google's tokens are about 1,200 characters; a longer one is not worth decoding."""
_GMAIL = frozenset({"gmail.com", "googlemail.com"})
_BEARER = re.compile(r"Bearer +([A-Za-z0-9._~+/=-]+)", re.IGNORECASE)

_SIGN_IN = "Sign in again: this identity is missing, expired, or not meant for this deployment."


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
    """What a formula token allows: to call the formula, for one spreadsheet, in the name of the person who made it."""

    token_id: str
    spreadsheet_id: str
    issued_by: Caller
    issued_at: datetime
    expires_at: datetime


class Access:
    """Checks the tokens of one deployment; safe to share between threads.

    Args:
        audience: the OAuth client id that people's tokens must be meant for; without one no person is let in.
        certs_url: Google's certificates, or those of the local issuer; it decides whose tokens count.
        allowed_domains: Workspace domains (or `gmail.com`) whose people may call, in lower case.
        allowed_emails: single addresses that may call, in lower case.
        worker_service_account: the only identity that `worker_identity` accepts.
        secret_key: `LEADFILL_SECRET_KEY`; seals formula tokens.
        now: the clock, in seconds since 1970.

    Raises:
        SettingsError: `certs_url` is neither Google's nor local, or `secret_key` is too weak.
    """

    def __init__(
        self,
        *,
        audience: str,
        certs_url: str,
        allowed_domains: tuple[str, ...],
        allowed_emails: tuple[str, ...],
        worker_service_account: str,
        secret_key: str,
        now: Callable[[], float] = lambda: REAL.now().timestamp(),
    ) -> None:
        self._audience = audience
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
        if not self._audience:
            raise SettingsError("IDENTITY_AUDIENCE is not set: nobody can prove that they mean this deployment.")
        return self._admitted(_caller(self._claims(authorization_header, self._audience)))

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
            raise SettingsError("WORKER_URL and WORKER_SERVICE_ACCOUNT must be set where tasks are received.")
        caller = _caller(self._claims(authorization_header, audience))
        if caller.email != self._worker_service_account:
            raise Forbidden("Only the queue and the scheduler of this deployment may call this.")
        return caller

    def issue_formula_token(self, caller: Caller, spreadsheet_id: str) -> tuple[str, FormulaToken]:
        """A token for the formulas of one spreadsheet; the sealed text is shown once, `token_id` is what to revoke."""
        issued_at = int(self._now())
        claims = {
            "id": secrets.token_urlsafe(16),
            "for": "formula",
            "spreadsheet_id": spreadsheet_id,
            "by": asdict(caller),
            "iat": issued_at,
            "exp": issued_at + FORMULA_TOKEN_DAYS * 86400,
        }
        return self._cipher.encrypt(json.dumps(claims)), _formula_token(claims)

    def formula_token(
        self,
        authorization_header: str | None,
        *,
        spreadsheet_id: str | None,
        revoked: Callable[[str], bool],
    ) -> FormulaToken:
        """`Authorization` header of a formula's call → what it allows; nothing else is accepted there.

        Args:
            authorization_header: as it came.
            spreadsheet_id: which spreadsheet the call says it comes from; None if it does not say.
            revoked: whether the token with this id was revoked.

        Raises:
            Unauthenticated: no formula token of this deployment, or an expired or revoked one.
            Forbidden: made for another spreadsheet, or by a person who is no longer allowed here.
        """
        renew = "This sheet's formula permission has ended; open the Leadfill sidebar once to renew it."
        try:
            claims = json.loads(self._cipher.decrypt(_bearer(authorization_header, renew)))
        except DecryptionFailed:
            raise Unauthenticated(renew) from None
        if claims["for"] != "formula" or self._now() >= claims["exp"] or revoked(claims["id"]):
            raise Unauthenticated(renew)
        token = _formula_token(claims)
        if spreadsheet_id is not None and spreadsheet_id != token.spreadsheet_id:
            raise Forbidden("This formula permission is for another spreadsheet; open the sidebar in this one.")
        self._admitted(token.issued_by)
        return token

    def _admitted(self, caller: Caller) -> Caller:
        if caller.email in self._allowed_emails or caller.domain in self._allowed_domains:
            return caller
        raise Forbidden("This account may not use this deployment; ask its owner to allow it.")

    def _claims(self, authorization_header: str | None, audience: str) -> Mapping[str, Any]:
        """The claims of a token whose signature, time, audience, issuer and address all hold."""
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
                audience=audience,
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


def _caller(claims: Mapping[str, Any]) -> Caller:
    """Who the claims of a verified token speak of.

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
        raise Unauthenticated("Sign in with a Google Workspace or gmail.com account: nobody vouches for this address.")
    return Caller(subject, email, domain.lower())


def _formula_token(claims: Mapping[str, Any]) -> FormulaToken:
    return FormulaToken(
        token_id=claims["id"],
        spreadsheet_id=claims["spreadsheet_id"],
        issued_by=Caller(**claims["by"]),
        issued_at=datetime.fromtimestamp(claims["iat"], UTC),
        expires_at=datetime.fromtimestamp(claims["exp"], UTC),
    )
