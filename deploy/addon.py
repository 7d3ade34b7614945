"""The add-on at Google: a script of its own, pushed with clasp together with the addresses of this deployment."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from deploy import source
from deploy.source import ROOT
from deploy.target import Target
from functions.errors import LeadfillError
from functions.version import VERSION

ADDON = ROOT / "sheets_addon"
NAMED = ADDON / ".clasp.json"
"""Names the Apps Script project; clasp writes it."""
CLASP = ("npx", "--yes", "@google/clasp@3.4.1")
PUSHED = ("*.js", "*.html", "appsscript.json")


class AddonFailed(LeadfillError):
    """The add-on could not be pushed; what is deployed already stays. It is safe to start again."""

    slug = "addon"


def create(*, dry_run: bool) -> str:
    """Make a standalone Apps Script project, unless there is one already.

    Returns:
        Its id; a placeholder in a dry run.

    Raises:
        AddonFailed: clasp did not succeed.
    """
    if not NAMED.exists():
        with tempfile.TemporaryDirectory() as folder:
            _clasp(Path(folder), "create-script", "--type", "standalone", "--title", "Leadfill", dry_run=dry_run)
            if dry_run:
                return "SCRIPT_ID"
            shutil.copy(Path(folder) / NAMED.name, NAMED)
    named: dict[str, Any] = json.loads(NAMED.read_text(encoding="utf-8"))
    return str(named["scriptId"])


def first_steps(target: Target, script_id: str) -> str:
    """Say how a person gets the OAuth client id of a script that was just made."""
    return f"""\
The Apps Script project of the add-on: https://script.google.com/home/projects/{script_id}/settings
1. Set up the consent screen: https://console.cloud.google.com/auth/overview?project={target.project}
   (audience Internal, or External for a team with gmail.com accounts).
2. In the script's settings, above, change the Google Cloud project to number {target.number}.
3. Copy the id of the OAuth client that Apps Script has made: https://console.cloud.google.com/auth/clients?project={target.project}
4. export IDENTITY_AUDIENCE=… with that id, and start again."""


def push(target: Target, *, dry_run: bool) -> None:
    """Push the add-on and make a version of it, unless this very content is the newest version already.

    Raises:
        AddonFailed: clasp did not succeed.
    """
    script_id = create(dry_run=dry_run)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _stage(folder, target)
        if NAMED.exists():
            shutil.copy(NAMED, folder)
        content = f"Leadfill {VERSION} {source.digest(folder, sorted(path.name for path in folder.iterdir()))}"
        _clasp(folder, "push", "--force", dry_run=dry_run)
        # A version is made in a step of its own: a push may have been the last thing that an earlier deployment did.
        versions = _clasp(folder, "list-versions", dry_run=dry_run) or []
        numbers = [one["versionNumber"] for one in versions if one.get("description") == content]
        if not numbers:
            numbers = [(_clasp(folder, "create-version", content, dry_run=dry_run) or {}).get("versionNumber")]
    if not dry_run:
        print(_published(target, script_id, int(numbers[-1])))


def _published(target: Target, script_id: str, version: int) -> str:
    return f"""\
The add-on is pushed.
  script id  {script_id}
  version    {version}
For a whole team, enter both under Sheets add-on at
https://console.cloud.google.com/apis/api/appsmarket-component.googleapis.com/googleapps_sdk?project={target.project}
(docs/addon.md, for a whole team). To try it alone, choose Deploy, Test deployments in
https://script.google.com/home/projects/{script_id}/edit"""


def _clasp(folder: Path, *words: str, dry_run: bool) -> Any:  # noqa: ANN401 - JSON of clasp's, looked at where it is read
    """Run clasp in a folder and return its answer; print the command first."""
    command = [*CLASP, "--json", *words]
    print(shlex.join(command), flush=True)
    if dry_run:
        return None
    try:
        done = subprocess.run(command, cwd=folder, text=True, capture_output=True, check=False)
    except FileNotFoundError as error:
        raise AddonFailed("npx is not installed, so the add-on was not pushed. Install Node.js first.") from error
    if done.returncode != 0:
        raise AddonFailed(f"{done.stderr.strip()}\n\n{_advice(done.stderr)}")
    return json.loads(done.stdout) if done.stdout.strip() else None


def _advice(said: str) -> str:
    """Return what to do about a refusal of clasp's or Google's."""
    if "has not enabled the Apps Script API" in said:
        return "Switch on the Apps Script API for yourself at https://script.google.com/home/usersettings first."
    if "credentials" in said.lower() or "login" in said.lower():
        return f"Run {shlex.join(CLASP)} login, and start again."
    return "The add-on was not pushed; what is deployed already stays. It is safe to start again."


def _stage(folder: Path, target: Target) -> None:
    """Copy the files to push: the add-on's own, with this deployment's addresses and allowed to call nothing else."""
    for pattern in PUSHED:
        for path in ADDON.glob(pattern):
            shutil.copy(path, folder)
    addresses = {name: target.url(name) for name in ("api", "formula")}
    (folder / "Addresses.js").write_text(f"const ADDRESSES = {json.dumps(addresses)};\n", encoding="utf-8")
    manifest = json.loads((ADDON / "appsscript.json").read_text(encoding="utf-8"))
    manifest["urlFetchWhitelist"] = [f"{url}/" for url in addresses.values()]
    (folder / "appsscript.json").write_text(json.dumps(manifest, indent=2), encoding="utf-8")
