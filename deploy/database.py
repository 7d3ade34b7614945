"""The database: the one that DATABASE_URL names, or a Cloud SQL instance of Leadfill's own."""

from __future__ import annotations

import json
import re
import secrets

from deploy.gcloud import Gcloud, grant
from deploy.target import NAME, Target

VERSION = "POSTGRES_17"
TIER = "db-g1-small"
MAX_CONNECTIONS = 100
"""Above what all instances together may open; see `FUNCTIONS` and the pool in functions/store/database.py."""


def make(gcloud: Gcloud, target: Target) -> str:
    """Makes what is missing of a Cloud SQL database with a fresh password → its DATABASE_URL.

    The password is known to Secret Manager alone. If it was lost before it got there, a new one is set.
    """
    instance = f"--instance={NAME}"
    if not any(one["name"] == NAME for one in gcloud.listed("sql", "instances", "list")):
        gcloud.change(
            *("sql", "instances", "create", NAME),
            f"--database-version={VERSION}",
            "--edition=enterprise",
            f"--tier={TIER}",
            f"--region={target.region}",
            "--storage-auto-increase",
            "--backup-start-time=03:00",
            "--enable-point-in-time-recovery",
            "--ssl-mode=ENCRYPTED_ONLY",
            "--connector-enforcement=REQUIRED",
            f"--database-flags=max_connections={MAX_CONNECTIONS}",
            "--deletion-protection",
            "--timeout=1800",
        )
    if not any(one["name"] == NAME for one in gcloud.listed("sql", "databases", "list", instance)):
        gcloud.change("sql", "databases", "create", NAME, instance)
    password = secrets.token_urlsafe(32)
    known = any(one["name"] == NAME for one in gcloud.listed("sql", "users", "list", instance))
    verb = "set-password" if known else "create"
    # A flags file on standard input keeps the password off the command line, which other users of a machine can read.
    gcloud.change("sql", "users", verb, NAME, instance, "--flags-file=-", secret=json.dumps({"--password": password}))
    return f"postgresql+psycopg://{NAME}:{password}@/{NAME}?host=/cloudsql/{target.database}"


def connection_name(database_url: str) -> str:
    """The Cloud SQL instance that a DATABASE_URL reaches through Cloud Run's socket; empty if it is another server."""
    found = re.search(r"/cloudsql/([^/?&]+)", database_url)
    return found[1] if found else ""


def allow(gcloud: Gcloud, target: Target, name: str) -> None:
    """Lets the functions reach the Cloud SQL instance `name`; it may stand in another project."""
    if name:
        project = name.rpartition(":")[0].rpartition(":")[0]
        members = [f"serviceAccount:{target.account(role)}" for role in ("api", "formula", "worker", "migrate")]
        grant(gcloud, ("projects", project), [(member, "roles/cloudsql.client") for member in members])
