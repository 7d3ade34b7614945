"""Runs gcloud: one command after the other, each printed, none with a secret on its command line."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import time
from collections.abc import Iterable, Sequence
from typing import Any

from deploy import refusals
from functions.errors import LeadfillError

NOT_YET_TRIES = 40
NOT_YET_PAUSE_S = 15.0
"""Google says of a new metric that it can take ten minutes until an alert may use it."""


class GcloudFailed(LeadfillError):
    """gcloud could not do what was asked; what it said stands above. It is safe to start again."""

    slug = "gcloud"


class Gcloud:
    """The gcloud of one project.

    Args:
        project: the id of the cloud project; each command names it, so that no configured default matters.
        dry_run: print every command, run none; what would be read counts as absent, so that all of them appear.
    """

    def __init__(self, project: str, *, dry_run: bool = False) -> None:
        self.project = project
        self.dry_run = dry_run
        self.pause_s = NOT_YET_PAUSE_S
        self.changes = 0
        """Return the number of commands that have changed something."""

    def listed(self, *words: str) -> list[dict[str, Any]]:
        """The resources that a `list` command names; none in a dry run."""
        text = self.text(*words, "--format=json")
        resources: list[dict[str, Any]] = json.loads(text) if text.strip() else []
        return resources

    def described(self, *words: str) -> dict[str, Any]:
        """The one resource that a command describes; empty in a dry run."""
        text = self.text(*words, "--format=json")
        resource: dict[str, Any] = json.loads(text) if text.strip() else {}
        return resource

    def text(self, *words: str) -> str:
        """Return what a command that only reads prints; nothing in a dry run.

        Raises:
            GcloudFailed: it did not succeed.
        """
        return self._run(words, "")

    def change(self, *words: str, stdin: str = "", secret: str = "", not_yet: str = "") -> None:
        """Runs a command that changes something.

        Args:
            words: the command, without `gcloud`.
            stdin: what it reads from standard input, if anything; printed in a dry run.
            secret: as `stdin`, but never printed.
            not_yet: what gcloud says of something that was just made and is not known everywhere; then it tries again.

        Raises:
            GcloudFailed: it did not succeed.
        """
        self.changes += 1
        for left in reversed(range(NOT_YET_TRIES)):
            try:
                self._run(words, secret or stdin, shown=not secret, loud=True)
            except GcloudFailed as error:
                if not left or not _is_too_early(str(error), not_yet):
                    raise
                print("Google does not know yet what was just made; trying again in a moment.", flush=True)
                time.sleep(self.pause_s)
            else:
                return

    def _run(self, words: Sequence[str], stdin: str, *, shown: bool = True, loud: bool = False) -> str:
        command = ["gcloud", *words, f"--project={self.project}", "--quiet"]
        if self.dry_run or loud:
            print(shlex.join(command) + _redirection(stdin, whole=self.dry_run, secret=not shown), flush=True)
        if self.dry_run:
            return ""
        environment = os.environ | {"CLOUDSDK_CORE_DISABLE_PROMPTS": "1"}
        try:
            done = subprocess.run(command, input=stdin, text=True, capture_output=True, env=environment, check=False)
        except FileNotFoundError as error:
            raise GcloudFailed("gcloud is not installed; see docs/deploy.md, or use DRY_RUN=1.") from error
        if done.returncode != 0:
            advice = refusals.advice(done.stderr) or "See above; it is safe to start again."
            raise GcloudFailed(f"{done.stderr.strip()}\n\ngcloud {' '.join(words[:4])} … did not succeed. {advice}")
        return done.stdout


def _is_too_early(said: str, not_yet: str) -> bool:
    """Tell whether what was made a moment ago is not known everywhere yet."""
    return bool(refusals.PROPAGATING.search(said)) or (bool(not_yet) and not_yet in said)


def _redirection(stdin: str, *, whole: bool, secret: bool) -> str:
    if not stdin:
        return ""
    if secret:
        return " < (a secret, on standard input)"
    return f" <<'END'\n{stdin.rstrip()}\nEND" if whole else " < (on standard input)"


def grant(
    gcloud: Gcloud, resource: Sequence[str], rights: Iterable[tuple[str, str]], where: Sequence[str] = ()
) -> None:
    """Sees to it that members have roles on a resource; asks first, so that nothing is written needlessly.

    Args:
        gcloud: the project's.
        resource: the words up to `get-iam-policy`, then the resource's name; for a project, `projects` and its id.
        rights: members, such as `serviceAccount:…`, and their roles, such as `roles/cloudtasks.enqueuer`.
        where: flags that place the resource, such as its location.
    """
    *group, name = resource
    policy = gcloud.described(*group, "get-iam-policy", name, *where)
    unconditional = ["--condition=None"] if group[0] in {"projects", "iam"} else []
    for member, role in rights:
        there = any(
            binding["role"] == role and member in binding["members"] and "condition" not in binding
            for binding in policy.get("bindings", [])
        )
        if not there:
            gcloud.change(
                *(*group, "add-iam-policy-binding", name, f"--member={member}", f"--role={role}"),
                *where,
                *unconditional,
                not_yet="does not exist",  # a service account that was made a moment ago is not known everywhere
            )
