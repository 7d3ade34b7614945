"""The add-on: its files are pushed with clasp, with the functions' addresses in its manifest."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

from deploy.source import ROOT
from deploy.target import Target
from functions.errors import LeadfillError

ADDON = ROOT / "sheets_addon"
CLASP = ("npx", "--yes", "@google/clasp@3.4.1", "push", "--force")
PUSHED = ("*.js", "*.html", "appsscript.json")


class AddonFailed(LeadfillError):
    """The add-on could not be pushed; the backend is. Run `npx @google/clasp@3.4.1 login`, then deploy again."""

    slug = "addon"


def push(target: Target, *, dry_run: bool) -> None:
    """Pushes the add-on, or says what is still to be done by hand.

    Raises:
        AddonFailed: clasp did not succeed.
    """
    named = ADDON / ".clasp.json"
    if dry_run:
        print(shlex.join(CLASP))
        return
    if not named.exists():
        print(
            "The add-on was not pushed: sheets_addon/.clasp.json does not name its Apps Script project yet.\n"
            f"Make it once (docs/deploy.md, the add-on), and start again.{_properties(target)}"
        )
        return
    with tempfile.TemporaryDirectory() as folder:
        _stage(Path(folder), target)
        shutil.copy(named, folder)
        print(shlex.join(CLASP), flush=True)
        try:
            done = subprocess.run(CLASP, cwd=folder, text=True, capture_output=True, check=False)
        except FileNotFoundError as error:
            raise AddonFailed("npx is not installed, so the add-on was not pushed; the backend is deployed.") from error
    if done.returncode != 0:
        raise AddonFailed(f"{done.stderr.strip()}\n\n{' '.join((AddonFailed.__doc__ or '').split())}")
    print(f"The add-on is pushed.{_properties(target)}")


def _properties(target: Target) -> str:
    return (
        "\nIts script properties, set once under Project Settings in the Apps Script editor:"
        f"\n  LEADFILL_API_URL      {target.url('api')}"
        f"\n  LEADFILL_FORMULA_URL  {target.url('formula')}"
    )


def _stage(folder: Path, target: Target) -> None:
    """Copy the files to push: the add-on's own, allowed to call this deployment and nothing else."""
    for pattern in PUSHED:
        for path in ADDON.glob(pattern):
            shutil.copy(path, folder)
    manifest = json.loads((ADDON / "appsscript.json").read_text(encoding="utf-8"))
    manifest["urlFetchWhitelist"] = [f"{target.url(name)}/" for name in ("api", "formula")]
    (folder / "appsscript.json").write_text(json.dumps(manifest, indent=2), encoding="utf-8")
