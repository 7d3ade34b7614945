"""Keys, certificates and the tokens that they sign, in the shapes of Google's."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from google.auth import crypt, jwt

SHEETS_SCOPE = "https://www.googleapis.com/auth/spreadsheets"


class Issuer:
    """Signs OpenID tokens in the name of `url`.

    Its keys live as long as the object; nothing is written to disk.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.certs: dict[str, str] = {}
        """Key id → self-signed X.509 certificate in PEM, the shape of https://www.googleapis.com/oauth2/v1/certs."""
        self._access_tokens: dict[str, tuple[dict[str, str], float]] = {}
        self.rotate()

    def rotate(self) -> None:
        """Signs with a new key from now on; the certificates of the older ones stay published, as Google's do."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        self.key_id = hashlib.sha256(pem).hexdigest()[:40]
        self.certs[self.key_id] = _certificate(key)
        self._signer = crypt.RSASigner.from_string(pem, self.key_id)  # type: ignore[no-untyped-call]  # google-auth types only parts

    def token(
        self,
        *,
        email: str,
        aud: str,
        sub: str = "",
        hd: str | None = None,
        email_verified: bool = True,
        expires_in_s: float = 3600,
    ) -> str:
        """A person's token, as `ScriptApp.getIdentityToken()` gives it.

        Args:
            email: the address; `sub` is made from it unless given.
            aud: the OAuth client id that it is meant for.
            sub: Google's are 21 digits.
            hd: the Workspace domain; by default the address's, but for gmail.com, and left out if empty.
            email_verified: as claimed.
            expires_in_s: negative for a token that has already expired.
        """
        host = email.rpartition("@")[2].lower()
        domain = hd if hd is not None else "" if host == "gmail.com" or host.endswith(".gserviceaccount.com") else host
        claims: dict[str, Any] = {
            "azp": aud,
            "sub": sub or _subject(email),
            "email": email,
            "email_verified": email_verified,
            **({"hd": domain} if domain else {}),
        }
        return self.signed(claims | self._dates(expires_in_s) | {"iss": self.url, "aud": aud})

    def access_token(self, *, email: str, aud: str, sub: str = "", expires_in_s: float = 3600) -> str:
        """An opaque access token, as `ScriptApp.getOAuthToken()` gives it; `token_info` knows whose it is."""
        token = f"ya29.local-{secrets.token_urlsafe(24)}"
        about = {"azp": aud, "aud": aud, "sub": sub or _subject(email), "email": email, "scope": SHEETS_SCOPE}
        self._access_tokens[token] = about, time.time() + expires_in_s
        return token

    def token_info(self, access_token: str) -> dict[str, str] | None:
        """Return the answer of Google's `tokeninfo`, all values as strings; None if it is unknown or expired."""
        about, expires_at_s = self._access_tokens.get(access_token, ({}, 0.0))
        left_s = int(expires_at_s - time.time())
        return about | {"exp": str(int(expires_at_s)), "expires_in": str(left_s)} if left_s > 0 else None

    def service_token(self, *, email: str, aud: str) -> str:
        """A service account's token, as Cloud Tasks and Cloud Scheduler send it with `oidcToken`."""
        return self.token(email=email, aud=aud)

    def signed(self, claims: Mapping[str, Any], header: Mapping[str, str] | None = None) -> str:
        """Exactly these claims, signed with RS256."""
        encoded: bytes = jwt.encode(self._signer, claims, header=dict(header or {}))  # type: ignore[no-untyped-call]  # authlib ships no types
        return encoded.decode("ascii")

    @staticmethod
    def _dates(expires_in_s: float) -> dict[str, int]:
        now = int(time.time())
        return {"iat": min(now, int(now + expires_in_s) - 1), "exp": int(now + expires_in_s)}


def _subject(email: str) -> str:
    """21 digits that are the same for the same address."""
    return str(10**20 + int.from_bytes(hashlib.sha256(email.lower().encode()).digest()) % (9 * 10**20))


def _certificate(key: rsa.RSAPrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "leadfill local issuer")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")
