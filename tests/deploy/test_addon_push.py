"""`make deploy` makes the add-on's script, pushes it with this deployment's addresses, and versions it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from deploy import addon
from deploy.addon import AddonFailed
from deploy.target import Target

TARGET = Target(project="demo-project", region="europe-west1", number="123456789012")


class Google:
    """The person's scripts at Google, behind the clasp on this machine's path."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def script(self) -> dict[str, Any]:
        return json.loads(self._path.read_text()) if self._path.exists() else {}

    def change(self, **more: object) -> None:
        self._path.write_text(json.dumps({"files": {}, "versions": [], "commands": []} | self.script | more))


@pytest.fixture
def google(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Google:
    npx = tmp_path / "bin" / "npx"
    npx.parent.mkdir()
    program = Path(__file__).parent / "npx_clasp.py"
    npx.write_text(f'#!/bin/sh\nexec {sys.executable} {program} "$@"\n')
    npx.chmod(0o755)
    monkeypatch.setenv("PATH", f"{npx.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("CLASP_STATE", str(tmp_path / "state.json"))
    monkeypatch.setattr(addon, "NAMED", tmp_path / ".clasp.json")
    return Google(tmp_path / "state.json")


def test_the_first_push_makes_a_standalone_script_and_says_what_to_publish(
    google: Google, capsys: pytest.CaptureFixture[str]
) -> None:
    addon.push(TARGET, dry_run=False)
    said = capsys.readouterr().out
    files = google.script["files"]
    assert files["Addresses.js"] == (
        'const ADDRESSES = {"api": "https://leadfill-api-123456789012.europe-west1.run.app", '
        '"formula": "https://leadfill-formula-123456789012.europe-west1.run.app"};\n'
    )
    assert json.loads(files["appsscript.json"])["urlFetchWhitelist"] == [
        f"{TARGET.url(name)}/" for name in ("api", "formula")
    ]
    assert {"Menu.js", "Sidebar.html"} <= set(files)
    assert "1aBcDeFgHiJkLmNoPqRsTuVwXyZ" in said
    assert "version    1" in said
    assert "googleapps_sdk?project=demo-project" in said


def test_the_same_content_is_one_version_and_an_interrupted_push_still_gets_its_own(
    google: Google, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        addon.push(TARGET, dry_run=False)
    assert len(google.script["versions"]) == 1
    monkeypatch.setattr(addon, "VERSION", "9.9.9")
    google.change(files={})
    addon.push(TARGET, dry_run=False)
    assert [one["versionNumber"] for one in google.script["versions"]] == [1, 2]
    google.change(versions=google.script["versions"][:1])  # it was pushed, and died before its version was made
    capsys.readouterr()
    addon.push(TARGET, dry_run=False)
    assert "version    2" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("refusal", "advice"),
    [
        ("User has not enabled the Apps Script API. Enable it by visiting …", "script.google.com/home/usersettings"),
        ("No credentials found.", "clasp@3.4.1 login"),
        ("Request had insufficient authentication scopes.", "It is safe to start again"),
    ],
)
def test_a_refusal_says_what_to_do_and_leaves_no_half_named_script(google: Google, refusal: str, advice: str) -> None:
    google.change(refuses=refusal)
    with pytest.raises(AddonFailed, match=advice) as failed:
        addon.push(TARGET, dry_run=False)
    assert refusal in str(failed.value)
    assert not addon.NAMED.exists()


def test_a_machine_without_node_says_so(google: Google, monkeypatch: pytest.MonkeyPatch) -> None:
    assert google.script == {}
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(AddonFailed, match=r"npx is not installed"):
        addon.push(TARGET, dry_run=False)


def test_the_first_steps_name_this_project_and_script() -> None:
    steps = addon.first_steps(TARGET, "script-1")
    for words in ("projects/script-1/settings", "number 123456789012", "IDENTITY_AUDIENCE", "project=demo-project"):
        assert words in steps
