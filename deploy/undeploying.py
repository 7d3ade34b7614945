"""Takes Leadfill out of a project again, but never what was paid for."""

from __future__ import annotations

from typing import Any

from deploy.gcloud import Gcloud
from deploy.release import services
from deploy.target import ACCOUNTS, NAME, Target
from deploy.watching import ALERTS

KEPT = f"""\
Kept, because they hold what was paid for or cannot be made again. Delete them yourself if you are sure:
- the database: every lead, and the record of every credit
      gcloud sql instances patch {NAME} --no-deletion-protection && gcloud sql instances delete {NAME}
- the secrets {NAME}-*: the API key, the database's password, and the key without which kept tokens cannot be read
      gcloud secrets delete NAME
- the images in Artifact Registry and the uploaded sources in Cloud Storage, for a return to an older version
      gcloud artifacts repositories delete {NAME}
- the enabled APIs, the alerts' e-mail channel, and the add-on's Apps Script project, which others may use"""


def take_down(gcloud: Gcloud, target: Target) -> None:
    """Removes what runs, calls or watches; says what is kept."""
    region, location = f"--region={target.region}", f"--location={target.region}"
    # First what starts work, then what does it.
    for job in gcloud.listed("scheduler", "jobs", "list", location) or _assumed(gcloud, f"{NAME}-sweep"):
        if str(job["name"]).endswith(f"{NAME}-sweep"):
            gcloud.change("scheduler", "jobs", "delete", f"{NAME}-sweep", location)
    for queue in gcloud.listed("tasks", "queues", "list", location) or _assumed(gcloud, NAME):
        if str(queue["name"]).rpartition("/")[2] == NAME:
            gcloud.change("tasks", "queues", "delete", NAME, location)
    assumed = [f"{NAME}-{name}" for name in ("api", "formula", "worker", "sweep")] if gcloud.dry_run else []
    for name in [*services(gcloud, target), *assumed]:
        gcloud.change("run", "services", "delete", name, region)
    for job in gcloud.listed("run", "jobs", "list", region):
        if job["metadata"]["name"] == f"{NAME}-migrate":
            gcloud.change("run", "jobs", "delete", f"{NAME}-migrate", region)
    _stop_watching(gcloud)
    there = {account["email"] for account in gcloud.listed("iam", "service-accounts", "list")}
    for role in ACCOUNTS:
        if target.account(role) in there or gcloud.dry_run:
            gcloud.change("iam", "service-accounts", "delete", target.account(role))
    print(KEPT)


def _stop_watching(gcloud: Gcloud) -> None:
    titles = {alert.title for alert in ALERTS}
    for policy in gcloud.listed("alpha", "monitoring", "policies", "list"):
        if policy["displayName"] in titles:
            gcloud.change("alpha", "monitoring", "policies", "delete", str(policy["name"]))
    for metric in gcloud.listed("logging", "metrics", "list"):
        if str(metric["name"]).startswith(f"{NAME}-"):
            gcloud.change("logging", "metrics", "delete", str(metric["name"]))


def _assumed(gcloud: Gcloud, name: str) -> list[dict[str, Any]]:
    """In a dry run nothing is read, and everything is assumed to be there."""
    return [{"name": name}] if gcloud.dry_run else []
