"""Encryption of texts that only this deployment may read or make, such as tokens kept in the store or in a sheet.

One secret, `LEADFILL_SECRET_KEY`, serves every purpose: each purpose gets a key of its own by HKDF (RFC 5869), so a
text encrypted for one cannot be used for another. The results are Fernet tokens (encrypted, authenticated, dated).
While the secret is rotated it is `new,old`: the first one encrypts, and both decrypt.
"""

from __future__ import annotations

import base64
from functools import cached_property
from typing import TYPE_CHECKING

from functions.errors import LeadfillError, SettingsError

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

MIN_LENGTH = 32
MIN_DISTINCT = 10
"""HKDF does not slow down guessing, so a secret must be beyond guessing: `abcabcabc…` is long and worth nothing."""


class DecryptionFailed(LeadfillError):
    """This token was not encrypted here, or with a key that is no longer valid."""

    slug = "decryption-failed"


class TokenCipher:
    """Encrypts and decrypts texts for one purpose; safe to share between threads.

    Args:
        secret_key: one secret, or `new,old` while it is rotated; each of at least 32 characters.
        purpose: what is encrypted; a cipher for another purpose cannot decrypt it.

    Raises:
        SettingsError: the secret is missing or too weak.
    """

    def __init__(self, secret_key: str, purpose: str) -> None:
        self._secrets = tuple(part.strip() for part in secret_key.split(","))
        self._purpose = purpose
        if wrong := weakness(secret_key):
            raise SettingsError(f"LEADFILL_SECRET_KEY {wrong}")

    def __repr__(self) -> str:
        """Return a text without the secrets."""
        return f"TokenCipher({self._purpose!r})"

    def encrypt(self, text: str) -> str:
        """Encrypt to URL-safe ASCII, about 1.4 times as long plus 100 characters."""
        return self._fernet.encrypt(text.encode()).decode("ascii")

    def decrypt(self, encrypted: str) -> str:
        """Decrypt what `encrypt` returned.

        Raises:
            DecryptionFailed: forged, cut, encrypted for another purpose, or with a retired key.
        """
        from cryptography.fernet import InvalidToken

        try:
            return self._fernet.decrypt(encrypted.encode()).decode()
        except InvalidToken:
            # Without a cause: it could only repeat the text.
            raise DecryptionFailed from None

    @cached_property
    def _fernet(self) -> MultiFernet:
        from cryptography.fernet import Fernet, MultiFernet
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        def derived(secret: str) -> Fernet:
            hkdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"leadfill {self._purpose}".encode())
            return Fernet(base64.urlsafe_b64encode(hkdf.derive(secret.encode())))

        return MultiFernet([derived(secret) for secret in self._secrets])


def weakness(secret_key: str) -> str | None:
    """Return the reason why `LEADFILL_SECRET_KEY` cannot be used, to follow its name in a sentence; None if it can."""
    secrets = [part.strip() for part in secret_key.split(",")]
    how = "Make one with `openssl rand -base64 32`."
    if not secret_key.strip():
        return f"is not set. It encrypts access tokens and formula tokens. {how}"
    if len(secrets) > 2:
        return "may hold two secrets at most, the new and the old one, with a comma between them."
    if any(len(secret) < MIN_LENGTH for secret in secrets):
        return f"must have at least {MIN_LENGTH} characters (each of the two while it is rotated). {how}"
    if any(len(set(secret)) < MIN_DISTINCT for secret in secrets):
        return f"can be guessed: it repeats a few characters. {how}"
    return None
