"""`python -m deploy up|down|doctor`: what `make deploy`, `make undeploy` and `make doctor` run."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

import click

from deploy import addon, doctoring, foundation, keeping, release, undeploying, watching
from deploy.database import allow
from deploy.environment import chosen
from deploy.gcloud import Gcloud, grant
from deploy.target import NAME, Target
from functions.errors import LeadfillError, SettingsError

DRY_NUMBER = "PROJECT_NUMBER"


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--dry-run", is_flag=True, envvar="DRY_RUN", help="Print every command, run none."),
        click.option("--region", required=True, envvar="REGION", help="The region, such as europe-west1."),
        click.option("--project", required=True, envvar="PROJECT", help="The id of the cloud project."),
    ):
        command = option(command)
    return command


@click.group()
def main() -> None:
    """Puts Leadfill into a cloud project, checks it there, and takes it out again."""


@main.command()
@_options
@click.option(
    "--api-private/--api-public",
    default=None,
    envvar="API_PRIVATE",
    help="Whether Cloud Run checks who calls api, too; as it is now if nothing is said, and public at first.",
)
@click.option(
    "--build-region",
    default="",
    envvar="BUILD_REGION",
    help="The region that Cloud Build builds in; the functions' own if nothing is said.",
)
def up(project: str, region: str, *, dry_run: bool, api_private: bool | None, build_region: str) -> None:
    """Deploy, or bring a deployment up to date; resources that are right already are left alone."""
    gcloud = Gcloud(project, dry_run=dry_run)
    target = _target(gcloud, region)
    deploy(gcloud, target, private=api_private, build_region=build_region or region)
    addon.push(target, dry_run=dry_run)
    if not dry_run:
        print("Nothing had to change." if not gcloud.changes else f"Done, with {gcloud.changes} changes.")
        print(f"api: {target.url('api')}\nformula: {target.url('formula')}\nNow: make doctor")


def deploy(gcloud: Gcloud, target: Target, *, private: bool | None, build_region: str) -> None:
    """Deploy everything but the add-on."""
    there = release.services(gcloud, target) if _has_run(gcloud) else {}
    api = there.get(f"{NAME}-api")
    deployed = release.plain_of(api) if api else {}
    if private is None:
        private = api is not None and not release.facts(api)["public"]
    if not (gcloud.dry_run or os.environ.get("IDENTITY_AUDIENCE") or deployed.get("IDENTITY_AUDIENCE")):
        steps = addon.first_steps(target, addon.create(dry_run=False))
        raise SettingsError(
            f"IDENTITY_AUDIENCE is not set, so nothing is deployed yet. These steps lead to it.\n{steps}"
        )
    plain = chosen(os.environ, deployed, target, strict=not gcloud.dry_run)
    foundation.enable_apis(gcloud)
    vault = keeping.Vault(gcloud, target)
    vault.check(os.environ)
    plain["PROVIDERS"] = vault.providers(os.environ, deployed.get("PROVIDERS", ""))
    foundation.lay(gcloud, target)
    versions, connection = vault.fill(os.environ)
    allow(gcloud, target, connection)
    wanted = release.Release(
        plain=plain,
        versions=versions,
        connection=connection,
        private_api=private,
        image=release.image_of(target),
    )
    release.build(gcloud, target, wanted.image, build_region)
    release.migrate(gcloud, target, wanted)
    release.run_functions(gcloud, target, wanted, there)
    if private:
        _invite(gcloud, target, plain)
    release.schedule(gcloud, target)
    watching.watch(gcloud, os.environ.get("ALERT_EMAIL", ""))


@main.command()
@_options
def down(project: str, region: str, *, dry_run: bool) -> None:
    """Take Leadfill down, and list what is kept."""
    gcloud = Gcloud(project, dry_run=dry_run)
    undeploying.take_down(gcloud, _target(gcloud, region))


@main.command()
@_options
def doctor(project: str, region: str, *, dry_run: bool) -> None:
    """Checks a live deployment end to end and says what is wrong."""
    gcloud = Gcloud(project, dry_run=dry_run)
    wrong = doctoring.examine(gcloud, _target(gcloud, region))
    if dry_run:
        return
    for sentence in wrong:
        print(f"✗ {sentence}")
    if wrong:
        sys.exit(1)
    print(f"{doctoring.about_sheets(gcloud)}\nEverything is as it should be.")


def _target(gcloud: Gcloud, region: str) -> Target:
    described = gcloud.described("projects", "describe", gcloud.project)
    return Target(project=gcloud.project, region=region, number=str(described.get("projectNumber", DRY_NUMBER)))


def _has_run(gcloud: Gcloud) -> bool:
    """Return whether Cloud Run can be asked at all: in a new project its API is off, and listing fails."""
    return any(api["config"]["name"] == "run.googleapis.com" for api in gcloud.listed("services", "list", "--enabled"))


def _invite(gcloud: Gcloud, target: Target, plain: dict[str, str]) -> None:
    """Let the team reach a private `api` at Cloud Run; Leadfill then checks each caller again."""
    members = [f"domain:{domain}" for domain in plain["ALLOWED_DOMAINS"].split(",") if domain]
    members += [f"user:{email}" for email in plain["ALLOWED_EMAILS"].split(",") if email]
    service = ("run", "services", f"{NAME}-api")
    grant(gcloud, service, [(member, "roles/run.invoker") for member in members], (f"--region={target.region}",))


if __name__ == "__main__":
    try:
        main()
    except LeadfillError as error:
        sys.exit(f"Error: {error}")
