"""Keeps secrets in Secret Manager, whether given, kept or generated; gcloud gets each on standard input only."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from deploy import database
from deploy.environment import SECRETS
from deploy.gcloud import Gcloud, grant
from deploy.target import FUNCTIONS, NAME, Target
from functions.auth.encryption import weakness
from functions.errors import SettingsError
from functions.providers import provider_settings
from functions.providers.registry import REGISTRY


class Vault:
    """The secrets of one deployment."""

    def __init__(self, gcloud: Gcloud, target: Target) -> None:
        self._gcloud = gcloud
        self._target = target
        listed = gcloud.listed("secrets", "list", f"--filter=name:{NAME}-")
        self._there = {str(secret["name"]).rpartition("/")[2] for secret in listed}

    def check(self, environ: Mapping[str, str]) -> None:
        """Check, before anything is made, that every secret that only a person can provide is given or kept already.

        Raises:
            SettingsError: no, or one is too weak.
        """
        names = provider_settings.named(environ)
        lacking = [name for name in names if not self._is_keyed(environ, name)]
        if lacking and not self._gcloud.dry_run:
            keys = " and ".join(provider_settings.key_of(name) for name in lacking)
            raise SettingsError(f"Set {keys} in the environment first: PROVIDERS names {', '.join(lacking)}.")
        if not names and not self.providers(environ, "") and not self._gcloud.dry_run:
            keys = ", ".join(provider_settings.secrets())
            raise SettingsError(
                f"Set the API key of a provider in the environment first, one or more of {keys}; "
                "it is then kept in Secret Manager."
            )
        given = environ.get("LEADFILL_SECRET_KEY", "")
        if given and (wrong := weakness(given)):
            raise SettingsError(f"LEADFILL_SECRET_KEY {wrong}")

    def has(self, name: str) -> bool:
        """Return whether there is such a secret, with a value."""
        return _called(name) in self._there and bool(self.version(name))

    def providers(self, environ: Mapping[str, str], deployed: str) -> str:
        """The value of `PROVIDERS`: what the deployer says, else what is deployed and behind it who has a new key.

        Args:
            environ: the deployer's environment.
            deployed: the value of what is deployed now; empty if nothing is.
        """
        named = provider_settings.named(environ)
        if not named:
            is_new = [name for name in REGISTRY if not self.has(provider_settings.key_of(name)) or not deployed]
            before = provider_settings.named({"PROVIDERS": deployed})
            named = before + [name for name in is_new if name not in before and self._is_keyed(environ, name)]
        return ",".join(named)

    def _is_keyed(self, environ: Mapping[str, str], provider: str) -> bool:
        key = provider_settings.key_of(provider)
        return bool(environ.get(key, "").strip()) or self.has(key)

    def version(self, name: str) -> str:
        """The number of a secret's newest version; empty if it has none."""
        flags = ("--filter=state=ENABLED", "--sort-by=~createTime", "--limit=1")
        listed = self._gcloud.listed("secrets", "versions", "list", _called(name), *flags)
        return str(listed[0]["name"]).rpartition("/")[2] if listed else ""

    def value(self, name: str) -> str:
        """A secret's newest value."""
        return self._gcloud.text("secrets", "versions", "access", "latest", f"--secret={_called(name)}")

    def keep(self, name: str, value: str) -> str:
        """Keep a value unless it is kept already; return the number of its version."""
        if _called(name) not in self._there:
            flags = ("--replication-policy=user-managed", f"--locations={self._target.region}")
            self._gcloud.change("secrets", "create", _called(name), *flags)
            self._there.add(_called(name))
        elif (version := self.version(name)) and self.value(name) == value:
            return version
        self._gcloud.change("secrets", "versions", "add", _called(name), "--data-file=-", secret=value)
        return self.version(name) or "1"  # 1: in a dry run

    def fill(self, environ: Mapping[str, str]) -> tuple[dict[str, str], str]:
        """Make sure that every secret has a value; return the versions by name, and the Cloud SQL connection if any."""
        versions: dict[str, str] = {}
        connection = ""
        for name in SECRETS:
            given = environ.get(name, "").strip()
            if name in provider_settings.secrets() and not given and not self.has(name):
                continue  # this team does not have that provider
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
        return secrets.token_urlsafe(32)

    def _share(self) -> None:
        """Each function may read the secrets that it uses, and no other."""
        readers = {("migrate", "DATABASE_URL")}
        readers |= {(function.account, name) for function in FUNCTIONS for name in function.secrets}
        for name in SECRETS:
            if _called(name) not in self._there:
                continue
            members = sorted(f"serviceAccount:{self._target.account(role)}" for role, it in readers if it == name)
            rights = [(member, "roles/secretmanager.secretAccessor") for member in members]
            grant(self._gcloud, ("secrets", _called(name)), rights)


def reference(name: str, version: str) -> str:
    """A secret's version, as Cloud Run's flags have it; a fixed one, so that a revision stays what it is."""
    return f"{name}={_called(name)}:{version}"


def _called(name: str) -> str:
    return f"{NAME}-{name.lower().replace('_', '-')}"
