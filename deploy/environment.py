"""The environment of the deployed functions: settings from the deployer's, or as they are deployed now."""

from __future__ import annotations

from collections.abc import Mapping

from deploy.target import Function, Target
from functions import settings
from functions.errors import SettingsError
from functions.providers import provider_settings

SECRETS = (*provider_settings.secrets(), "LEADFILL_SECRET_KEY", "DATABASE_URL")
"""Settings that live in Secret Manager and never in a command, a file or a revision."""
GIVEN_BY_CLOUD_RUN = ("K_SERVICE",)
DEFAULTS = settings.variables()
PLAIN = tuple(name for name in DEFAULTS if name not in {*SECRETS, *GIVEN_BY_CLOUD_RUN})


def chosen(
    environ: Mapping[str, str], deployed: Mapping[str, str], target: Target, *, strict: bool = True
) -> dict[str, str]:
    """Every plain setting: what the deployer's environment says, else what is deployed now, else the default.

    Args:
        environ: the deployer's environment.
        deployed: the plain variables of what is deployed now.
        target: where to.
        strict: whether to refuse what nobody could use.

    Raises:
        SettingsError: one of them is wrong, or nobody could use what would be deployed.
    """
    placed = {
        "TASKS_QUEUE": target.queue,
        "WORKER_URL": target.url("worker"),
        "SWEEP_URL": target.url("sweep"),
        "WORKER_SERVICE_ACCOUNT": target.account("queue"),
        "GOOGLE_CLOUD_PROJECT": target.project,
    }
    values = {
        name: placed.get(name) or environ.get(name, "").strip() or deployed.get(name) or DEFAULTS[name]
        for name in PLAIN
    }
    values |= {name: ",".join(settings.parts_of(values[name])) for name in settings.LISTS}
    as_deployed = {"K_SERVICE": "leadfill", "DATABASE_URL": environ.get("DATABASE_URL") or "postgresql://"}
    settings.read(values | as_deployed, keys_needed=False)  # keys are kept apart from what is plain
    missing = []
    if not values["IDENTITY_AUDIENCE"]:
        missing.append("IDENTITY_AUDIENCE: the OAuth client id of the add-on's Apps Script project (docs/deploy.md).")
    if not values["ALLOWED_DOMAINS"] and not values["ALLOWED_EMAILS"]:
        missing.append("ALLOWED_DOMAINS or ALLOWED_EMAILS: without them nobody is let in.")
    if missing and strict:
        raise SettingsError("Set these in the environment first:\n" + "\n".join(f"- {line}" for line in missing))
    return values


def of_function(function: Function, plain: Mapping[str, str]) -> dict[str, str]:
    """The plain variables of one function, in order of their names."""
    platform = {
        "FUNCTION_TARGET": function.name,
        "THREADS": str(function.concurrency),
        "WORKERS": "1",
        "CLOUD_RUN_TIMEOUT_SECONDS": str(function.timeout_s),
        **settings.ALLOCATOR,
    }
    return dict(sorted((dict(plain) | platform).items()))
