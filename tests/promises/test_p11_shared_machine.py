"""P11: other users of the same machine can neither read what Leadfill keeps nor use the servers that it starts."""

from __future__ import annotations

import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest
import requests

from local import secret
from local.curl_lines import curl_lines
from local.private_files import private_file, private_folder
from local.providers.client import Sandbox
from local.sheets_api.client import SheetsEmulator
from local.stack import AUDIENCE, PERSON, Stack, stack, stand_ins
from tests.support.running import Running, attach, slugs

ROOT = Path(__file__).parents[2]
KEYS = {
    "LEADFILL_SECRET_KEY": "secret-of-the-store-0123456789abcdef",
    "DATABASE_URL": "postgresql://u:secret@127.0.0.1/x",
}


@pytest.fixture(scope="module")
def started() -> Iterator[Running]:
    """Everything that `make run` starts, with the page, from a shell that holds secrets but no key of a provider."""
    with ExitStack() as closing, pytest.MonkeyPatch.context() as patched:
        home = Path(closing.enter_context(TemporaryDirectory(prefix="leadfill-")))
        for name, value in KEYS.items():
            patched.setenv(name, value)
        running = closing.enter_context(stack(home / "kept", files=[ROOT / "leads.csv"]))
        running.start_page()
        curl_lines(running)
        yield attach(running, closing)


def rights(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def wide(folder: Path) -> dict[str, str]:
    """What others may do with a folder or a file in it, by name."""
    found = {str(each.relative_to(folder.parent)): rights(each) for each in (folder, *folder.rglob("*"))}
    return {name: oct(mode) for name, mode in found.items() if mode & 0o077}


def test_nobody_else_reads_databases_logs_or_secrets(started: Running) -> None:
    """While everything runs and after a job, each file is its owner's alone."""
    started.run(started.sheet([f"linkedin.com/in/{slug}" for slug in slugs(3)]))
    home = started.stack.home
    there = {each.name for each in home.iterdir()}
    assert there >= {
        "sandbox.db",
        "sandbox.db-wal",
        "sandbox.db-shm",
        "api.log",
        "secret",
        "stack-secret",
        "headers.txt",
    }
    assert wide(home) == {}


def test_a_folder_that_others_could_read_is_tightened_and_said(tmp_path: Path) -> None:
    """An older Leadfill left wide rights: they end, and the person reads so once; what is not ours stays."""
    home = tmp_path / ".leadfill"
    home.mkdir(mode=0o755)
    for name in ("leadfill.db", "leadfill.db-wal", "api.log", "secret", "notes.txt"):
        (home / name).touch()
        (home / name).chmod(0o644)
    outside = tmp_path / "elsewhere"
    outside.touch()
    outside.chmod(0o644)
    (home / "linked.log").symlink_to(outside)
    assert "Other users" in private_folder(home)
    assert rights(home) == 0o700
    assert [each.name for each in home.iterdir() if not each.is_symlink() and rights(each) & 0o077] == ["notes.txt"]
    assert rights(outside) == 0o644
    assert private_folder(home) == ""


def test_a_file_that_is_there_already_is_tightened(tmp_path: Path) -> None:
    """A log or a list of reasons of an older run is no one else's any more before the first line is added."""
    log = tmp_path / "api.log"
    log.write_text("before")
    log.chmod(0o666)
    assert rights(private_file(log)) == 0o600
    assert log.read_text() == "before"


@pytest.mark.parametrize("results_are_there", [False, True])
def test_the_command_lines_results_are_private(tmp_path: Path, sandbox: Sandbox, *, results_are_there: bool) -> None:
    """The result, the reasons and the database of `leadfill enrich` are 0600, also where a wider result was there."""
    (tmp_path / "leads.csv").write_text("LinkedIn\nlinkedin.com/in/zqshared-machine\n" + "nobody\n" * 40)
    if results_are_there:
        for name in ("leads.enriched.csv", "leads.enriched.reasons.csv"):
            (tmp_path / name).touch()
            (tmp_path / name).chmod(0o644)
    done = subprocess.run(
        [sys.executable, "-m", "local.command", "enrich", "leads.csv", "--yes", "--replace"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "SLINTEL_API_KEY": "k", "SLINTEL_BASE_URL": sandbox.url},
        capture_output=True,
        umask=0o022,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    made = {each.name: rights(each) for each in tmp_path.iterdir() if each.name != "leads.csv"}
    assert made.pop(".leadfill") == 0o700
    assert made == {"leads.enriched.csv": 0o600, "leads.enriched.reasons.csv": 0o600}
    assert wide(tmp_path / ".leadfill") == {}


MINTED = {
    "an identity": ("issuer", "POST", "token", {"email": PERSON, "aud": AUDIENCE}),
    "an access token": ("issuer", "POST", "access-token", {"email": PERSON, "aud": AUDIENCE}),
    "the queue's identity": ("issuer", "POST", "service-token", {"email": PERSON, "aud": AUDIENCE}),
    "a token that is known": ("emulator", "POST", "_emulator/tokens", {"token": "mine", "email": PERSON}),
    "a call as the owner": ("emulator", "POST", "_emulator/call", {"method": "spreadsheets.get"}),
    "the list of sheets": ("emulator", "GET", "_emulator/spreadsheets", None),
    "a fresh start": ("emulator", "POST", "_emulator/reset", {}),
    "the provider's switches": ("sandbox", "PUT", "_sandbox/switches", {"latency_s": 60}),
    "who was looked up": ("sandbox", "GET", "_sandbox/charges?by=slug", None),
}


@pytest.mark.parametrize("proof", ["", "guessed", "x" * 43])
@pytest.mark.parametrize("what", MINTED)
def test_stand_ins_obey_only_who_holds_the_secret(started: Running, what: str, proof: str) -> None:
    """Whoever only reaches the port gets no token, steers nothing and learns nothing."""
    part, method, path, body = MINTED[what]
    url = f"{started.stack.urls[part]}/{path}"
    answer = requests.request(method, url, json=body, headers={secret.HEADER: proof} if proof else {}, timeout=10)
    assert answer.status_code == 403
    assert started.stack.secret not in answer.text


def test_certificates_and_tokeninfo_are_public(started: Running) -> None:
    """The functions ask for these without the secret, as they ask Google."""
    issuer = started.stack.urls["issuer"]
    assert requests.get(f"{issuer}/certs", timeout=10).status_code == 200
    assert requests.post(f"{issuer}/tokeninfo", headers={"Authorization": "Bearer x"}, timeout=10).status_code == 400


def environ_of(running: Stack, part: str) -> dict[str, str]:
    process = running.parts[part].process
    assert process is not None
    return psutil.Process(process.pid).environ()


@pytest.mark.parametrize("part", ["issuer", "sandbox", "emulator", "page"])
def test_stand_ins_inherit_no_key(started: Running, part: str) -> None:
    """A stand-in has the secret of its stack and none of the keys that its parent's environment holds."""
    environ = environ_of(started.stack, part)
    assert not set(environ) & set(KEYS)
    assert not {value for value in environ.values() if value in KEYS.values()}
    assert environ[secret.VARIABLE] == started.stack.secret


def test_stand_ins_beside_a_real_key_do_not_inherit_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a provider's key the provider is asked for real; what runs beside it has no use for the key."""
    monkeypatch.setenv("PROSPEO_API_KEY", "prospeo-secret")
    with stand_ins(tmp_path / "kept", {}) as running:
        assert "sandbox" not in running.parts
        for part in ("issuer", "emulator"):
            process = running.parts[part].process
            assert process is not None
            assert "prospeo-secret" not in psutil.Process(process.pid).environ().values()


def test_the_functions_do_not_know_the_secret(started: Running) -> None:
    """What answers people cannot have tokens made."""
    for part in ("api", "formula", "worker"):
        assert started.stack.secret not in environ_of(started.stack, part).values()


def test_a_childs_children_do_not_inherit_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is taken out of the environment once it is read."""
    monkeypatch.setenv(secret.VARIABLE, "kept")
    assert secret.taken() == "kept"
    assert secret.taken() == ""


def test_each_child_has_a_secret_of_its_own() -> None:
    """A stand-in that a test or a benchmark starts obeys its own client only."""
    with SheetsEmulator() as mine:
        assert mine.calls()["total"] == 0
        stranger = SheetsEmulator.at(mine.root, secret.made())
        with pytest.raises(ValueError, match="Only the user who started this server"):
            stranger.calls()


def test_the_page_opens_with_the_printed_address_only(started: Running) -> None:
    """Without its key nothing of the page answers: no file, no identity, no way to the sheet or the API."""
    root = started.stack.urls["page"]
    for path in ("/", "/?key=", "/?key=wrong", "/session", "/static/page.js", "/identity/openid", "/identity/access"):
        answer = requests.get(root + path, timeout=10, allow_redirects=False)
        assert (answer.status_code, "address that was printed" in answer.text) == (403, True), path
        assert not answer.cookies
    assert requests.get(f"{root}/proxy/api/v1/jobs", timeout=10).status_code == 403
    assert requests.post(f"{root}/kept/script-properties", json={"get": None}, timeout=10).status_code == 403


def test_the_printed_address_becomes_a_cookie_that_no_page_can_send_or_read(started: Running) -> None:
    """The key leaves the address bar at once, and other parameters stay."""
    with requests.Session() as browser:
        opened = browser.get(f"{started.stack.page}&spreadsheet=abc", timeout=10, allow_redirects=False)
        assert (opened.status_code, opened.headers["Location"]) == (303, "/?spreadsheet=abc")
        assert opened.headers["Cache-Control"] == "no-store"
        cookie = opened.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert browser.get(f"{started.stack.urls['page']}/identity/openid", timeout=10).json()["token"]


def test_nothing_that_is_printed_or_logged_holds_the_secret_or_the_key(started: Running) -> None:
    """Logs are read by more people than the folder."""
    key = started.stack.page.partition("key=")[2]
    for log in started.stack.home.glob("*.log"):
        text = log.read_text(encoding="utf-8")
        assert started.stack.secret not in text
        assert key not in text
