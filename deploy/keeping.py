"""Keeps secrets in Secret Manager: given, kept or made; each reaches gcloud on standard input only."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from deploy import database
from deploy.environment import SECRETS
from deploy.gcloud import Gcloud, grant
from deploy.target import FUNCTIONS, NAME, Target
from functions.auth.encryption import weakness
from functions.errors import SettingsError


class Vault:
    """The secrets of one deployment."""

    def __init__(self, gcloud: Gcloud, target: Target) -> None:
        self._gcloud = gcloud
        self._target = target
        listed = gcloud.listed("secrets", "list", f"--filter=name:{NAME}-")
        self._there = {str(secret["name"]).rpartition("/")[2] for secret in listed}

    def check(self, environ: Mapping[str, str]) -> None:
        """Before anything is made: is every secret that only a person can give, given or there?

        Raises:
            SettingsError: no, or one is too weak.
        """
        if not environ.get("SLINTEL_API_KEY") and not self.has("SLINTEL_API_KEY") and not self._gcloud.dry_run:
            raise SettingsError("Set SLINTEL_API_KEY in the environment first; it is then kept in Secret Manager.")
        given = environ.get("LEADFILL_SECRET_KEY", "")
        if given and (wrong := weakness(given)):
            raise SettingsError(f"LEADFILL_SECRET_KEY {wrong}")

    def has(self, name: str) -> bool:
        """Return whether there is such a secret, with a value."""
        return _called(name) in self._there and bool(self.version(name))

    def version(self, name: str) -> str:
        """The number of a secret's newest version; empty if it has none."""
        flags = ("--filter=state=ENABLED", "--sort-by=~createTime", "--limit=1")
        listed = self._gcloud.listed("secrets", "versions", "list", _called(name), *flags)
        return str(listed[0]["name"]).rpartition("/")[2] if listed else ""

    def value(self, name: str) -> str:
        """A secret's newest value."""
        return self._gcloud.text("secrets", "versions", "access", "latest", f"--secret={_called(name)}")

    def keep(self, name: str, value: str) -> str:
        """Keeps a value, unless it is kept already → the number of its version."""
        if _called(name) not in self._there:
            flags = ("--replication-policy=user-managed", f"--locations={self._target.region}")
            self._gcloud.change("secrets", "create", _called(name), *flags)
            self._there.add(_called(name))
        elif (version := self.version(name)) and self.value(name) == value:
            return version
        self._gcloud.change("secrets", "versions", "add", _called(name), "--data-file=-", secret=value)
        return self.version(name) or "1"  # 1: in a dry run

    def fill(self, environ: Mapping[str, str]) -> tuple[dict[str, str], str]:
        """Sees to it that every secret has a value → the versions by name, and the Cloud SQL connection if any."""
        versions: dict[str, str] = {}
        connection = ""
        for name in SECRETS:
            given = environ.get(name, "").strip()
            if given or not self.has(name):
                given = given or self._made(name)
                versions[name] = self.keep(name, given)
            else:
                versions[name] = self.version(name)
            if name == "DATABASE_URL":
                connection = database.connection_name(given or self.value(name))
        self._share()
        return versions, connection

    def _made(self, name: str) -> str:
        if name == "DATABASE_URL":
            return database.make(self._gcloud, self._target)
        # In a dry run the API key may be absent too.
        return secrets.token_urlsafe(32)

    def _share(self) -> None:
        """Each function may read the secrets that it uses, and no other."""
        readers = {("migrate", "DATABASE_URL")}
        readers |= {(function.account, name) for function in FUNCTIONS for name in function.secrets}
        for name in SECRETS:
            members = sorted(f"serviceAccount:{self._target.account(role)}" for role, it in readers if it == name)
            rights = [(member, "roles/secretmanager.secretAccessor") for member in members]
            grant(self._gcloud, ("secrets", _called(name)), rights)


def reference(name: str, version: str) -> str:
    """A secret's version, as Cloud Run's flags have it; a fixed one, so that a revision stays what it is."""
    return f"{name}={_called(name)}:{version}"


def _called(name: str) -> str:
    return f"{NAME}-{name.lower().replace('_', '-')}"
