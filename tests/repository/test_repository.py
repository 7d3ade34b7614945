"""What is tracked holds no secret, no path of one machine, no recorded data; pins are exact, and bandit is content."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped] # it ships no types
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from tools import licences_page

ROOT = Path(__file__).parent.parent.parent
RECORDED = ROOT.parent / "shared" / "data"
SECRETS = {
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "a key of Google's": r"\bAIza[0-9A-Za-z_-]{35}\b",
    "a client secret of Google's": r"\bGOCSPX-[0-9A-Za-z_-]{20,}",
    "an access token of Google's": r"\bya29\.[0-9A-Za-z_-]{40,}",
    "a refresh token of Google's": r"\b1//0[0-9A-Za-z_-]{40,}",
    "a service account's key": r'"private_key_id"\s*:\s*"[0-9a-f]{40}"',
    "a token of GitHub's": r"\bgh[pousr]_[0-9A-Za-z]{36}\b",
    "a key of Amazon's": r"\bAKIA[0-9A-Z]{16}\b",
    "a key of Slack's": r"\bxox[abprs]-[0-9A-Za-z-]{20,}",
    "a signed token": r"\beyJ[0-9A-Za-z_-]{30,}\.eyJ[0-9A-Za-z_-]{30,}\.[0-9A-Za-z_-]{40,}",
    "an address with a password": r"\b(?:postgres(?:ql)?|mysql|https?)(?:\+\w+)?://[^\s:/@{}$'\"]+:[^\s@{}$'\"]{12,}@(?!127\.|[\w.-]*example\.com)",
}
MACHINE_PATHS = re.compile(r"(?<![\w.$}/-])/(?:work|home|root|Users)/[\w.-]+")
LOCKS = ("requirements.txt", "package-lock.json")
PINNED = ("requirements.txt", "local/requirements.txt", "tests/requirements.txt")
ADVISORIES = tomllib.loads((Path(__file__).parent / "advisories.toml").read_text(encoding="utf-8"))
RECORDED_AT_LEAST = 400
"""Bytes from which a text that stands in the recorded data is taken for a copy of it."""


def tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("this is no git repository: what is tracked cannot be told")
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def texts() -> Iterator[tuple[str, str]]:
    for name in tracked():
        try:
            yield name, (ROOT / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture


def secrets_in(text: str) -> list[str]:
    return [kind for kind, pattern in SECRETS.items() if re.search(pattern, text)]


def test_no_secret_is_tracked() -> None:
    found = {name: kinds for name, text in texts() if (kinds := secrets_in(text))}
    assert not found


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN RSA " + "PRIVATE KEY-----",
        "key=AIza" + "a1B2" * 8 + "xyz",
        "DATABASE_URL=postgresql+psycopg://leadfill:" + "correct-horse-battery@db.leadfill.io/leadfill",
        "token: ghp_" + "a1B2c3" * 6,
        "eyJ" + "a" * 40 + ".eyJ" + "b" * 40 + "." + "c" * 50,
    ],
)
def test_the_scan_finds_what_it_should(text: str) -> None:
    assert secrets_in(text)


def test_no_path_of_one_machine_is_tracked() -> None:
    found = {name: paths for name, text in texts() if (paths := MACHINE_PATHS.findall(text))}
    found.pop("tests/repository/test_repository.py", None)  # says which are meant
    assert not found


def test_lock_files_name_no_registry() -> None:
    for name, text in texts():
        if Path(name).name in LOCKS:
            assert not re.search(r"--(?:extra-)?index-url|--find-links|\"resolved\": \"http", text), name
            assert not re.search(r"@ (?:https?|file)://", text), name


def test_nothing_recorded_is_copied() -> None:
    if not RECORDED.is_dir():
        pytest.skip("the recorded data is not beside the project: a copy of it could not be told")
    recorded = set[str]()
    for path in RECORDED.rglob("*.json"):
        recorded |= {body for body in _strings(json.loads(path.read_text(encoding="utf-8"))) if _is_telling(body)}
    assert recorded
    for name, text in texts():
        if Path(name).suffix in {".py", ".json", ".js", ".csv", ".html", ".yaml"}:
            assert not [body[:80] for body in recorded if body in text], name


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _strings(inner)


def _is_telling(body: str) -> bool:
    return len(body) >= RECORDED_AT_LEAST


def test_every_pin_is_exact_and_within_the_bounds_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = project["dependency-groups"]
    named = {
        "requirements.txt": project["project"]["dependencies"],
        "local/requirements.txt": [*project["project"]["dependencies"], *groups["local"]],
        "tests/requirements.txt": [*groups["local"], *(it for it in groups["dev"] if isinstance(it, str))],
    }
    everywhere: dict[str, str] = {}
    for name, wanted in named.items():
        pins = {it.name: it for it in _pins(ROOT / name)}
        for pin in pins.values():
            assert re.fullmatch(r"==[\w.!+]+", str(pin.specifier)), f"{name}: {pin} is not exact"
            assert everywhere.setdefault(pin.name, str(pin.specifier)) == str(pin.specifier), f"{name}: {pin}"
        for text in wanted:
            bound = Requirement(text)
            pin = pins[bound.name.lower()]
            assert bound.specifier.contains(str(pin.specifier).removeprefix("==")), f"{name}: {pin} is not {bound}"


def test_what_is_deployed_installs_only_files_that_are_known_by_their_hashes() -> None:
    entries = re.split(r"^(?=[a-zA-Z])", (ROOT / "requirements.txt").read_text(encoding="utf-8"), flags=re.MULTILINE)
    without = [entry.split()[0] for entry in entries if entry and "--hash=sha256:" not in entry]
    assert without == [], "one hash makes pip demand all of them"
    assert len(entries) > 20


def test_images_of_the_build_have_a_tag_and_clasp_a_version() -> None:
    """What builds and pushes is what was tried: no image moves with `latest`, and no new clasp comes by itself."""
    steps = yaml.safe_load((ROOT / "deploy" / "build.yaml").read_text(encoding="utf-8"))["steps"]
    builders = [arg.partition("=")[2] for step in steps for arg in step["args"] if arg.startswith("--builder=")]
    images = [step["name"] for step in steps] + builders
    assert len(images) == 2
    for image in images:
        assert re.fullmatch(r"[\w./-]+:(?!latest$)[\w.-]+", image), image
    versions = {version for _, text in texts() for version in re.findall(r"@google/clasp@([\w.^~-]+)", text)}
    assert len(versions) == 1
    assert re.fullmatch(r"\d+\.\d+\.\d+", versions.pop())
    assert [name for name, text in texts() if re.search(r"npx (?:--yes )?@google/clasp(?!@)", text)] == []


def test_no_pin_has_a_weakness_that_is_known() -> None:
    pins = {str(pin): pin for name in PINNED for pin in _pins(ROOT / name)}
    assert not {text: found for text, pin in pins.items() if (found := advisories(pin))}
    assert set(ADVISORIES) <= {pin.name for pin in pins.values()}, "of packages that nobody installs"


@pytest.mark.parametrize("pin", ["urllib3==2.6.2", "h11==0.14.0", "cryptography==44.0.0", "flask==3.1.0"])
def test_the_check_of_pins_finds_what_it_should(pin: str) -> None:
    assert advisories(Requirement(pin))


def advisories(pin: Requirement) -> list[str]:
    """The published weaknesses of a pinned version."""
    version = str(pin.specifier).removeprefix("==")
    known = ADVISORIES.get(pin.name, {})
    return [id_ for id_, versions in known.items() if SpecifierSet(versions).contains(version)]


def _pins(path: Path) -> list[Requirement]:
    return [
        Requirement(line.rstrip(" \\")) for line in path.read_text(encoding="utf-8").splitlines() if line[:1].isalpha()
    ]


def test_the_licences_page_is_up_to_date_and_names_a_licence_for_each_package() -> None:
    page = licences_page.page()
    assert licences_page.PAGE.read_text(encoding="utf-8") == page, "run python -m tools.licences_page"
    assert not [line for line in page.splitlines() if re.fullmatch(r"\| [^|]+ \| [^|]+ \| *\|", line)]


def commands(target: str) -> list[str]:
    """What a target of the Makefile runs."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipe = makefile.split(f"\n{target}:", 1)[1].split("\n\n", 1)[0]
    return [line.strip().lstrip("@").replace("$(BIN)", ".venv/bin") for line in recipe.splitlines()[1:]]


def test_the_hooks_before_a_commit_run_what_make_lint_runs_and_download_nothing() -> None:
    repos = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    assert [repo["repo"] for repo in repos] == ["local"]
    hooks = repos[0]["hooks"]
    assert [hook["entry"] for hook in hooks] == commands("lint")
    assert {hook["language"] for hook in hooks} == {"system"}
    assert not any(hook["pass_filenames"] for hook in hooks)


def test_the_workflow_runs_what_ci_runs_on_a_clean_checkout() -> None:
    """The workflow itself cannot run here; its form and its one command can be checked."""
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    assert set(workflow[True]) == {"push", "pull_request"}, "YAML 1.1 reads the key `on` as true"
    assert workflow["permissions"] == {"contents": "read"}
    steps = workflow["jobs"]["test"]["steps"]
    assert [step["run"] for step in steps if "run" in step] == [".ci/run"]
    assert [step["uses"].split("@")[0] for step in steps if "uses" in step] == [
        "actions/checkout",
        "actions/setup-python",
        "actions/setup-node",
    ]
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


@pytest.mark.xdist_group("together")
def test_a_group_of_tests_stays_in_one_process(request: pytest.FixtureRequest) -> None:
    """pytest-xdist marks a group in a test's id; with a pytest that it does not fit, groups fall apart unsaid."""
    if request.config.getoption("loadgroup", default=False):
        assert request.node.nodeid.endswith("@together")


def bandit(*paths: str) -> subprocess.CompletedProcess[str]:
    # B311: the one use of `random` spreads retries, and bandit cannot read ruff's reasons beside it.
    command = [sys.executable, "-m", "bandit", "-q", "-r", *paths, "--skip", "B311", "--severity-level", "medium"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_bandit_finds_nothing_in_what_is_deployed_and_something_where_there_is(tmp_path: Path) -> None:
    done = bandit("functions", "main.py", "deploy")
    assert done.returncode == 0, done.stdout
    (tmp_path / "bad.py").write_text("import subprocess\nsubprocess.run('ls ' + input(), shell=True)\n")
    assert bandit(str(tmp_path)).returncode == 1
