"""The secret of a stack: who holds it may steer the stand-ins, and have tokens made by the local issuer.

All users of a machine reach its local servers. Those who started them prove it with this secret: it is made once for a
folder, is kept in it (readable by its owner only), reaches the stand-ins by their environment, and is sent as a header.
"""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from local.private_files import private_file

HEADER = "X-Leadfill-Secret"
VARIABLE = "LEADFILL_STACK_SECRET"

_INHERITED = frozenset({"PATH", "HOME", "USER", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT"})
_INHERITED_KINDS = ("LC_", "PYTHON", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "DYLD_", "COV_CORE_", "COVERAGE_")


def made() -> str:
    """A new secret."""
    return secrets.token_urlsafe(32)


def kept_in(path: Path) -> str:
    """The secret in a file, which is made where there is none, readable by its owner only."""
    found = private_file(path).read_text(encoding="utf-8")
    if not found:
        path.write_text(found := made(), encoding="utf-8")
    return found


def environ_of_stand_in(secret: str) -> dict[str, str]:
    """The environment of a stand-in: what a Python program needs, and the secret; no provider's key."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name.upper() in _INHERITED or name.upper().startswith(_INHERITED_KINDS)
    }
    return inherited | {VARIABLE: secret}


def taken() -> str:
    """The secret that this process was started with, which its own children shall not inherit; "" if it has none."""
    return os.environ.pop(VARIABLE, "")


def is_held(headers: Mapping[str, str], secret: str) -> bool:
    """Whether a request's headers hold the secret; compared in constant time."""
    return hmac.compare_digest(headers.get(HEADER, "").encode("utf-8", "surrogateescape"), secret.encode())
