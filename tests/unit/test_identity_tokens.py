"""Proves what identity tokens, encryption and certificates do when nobody attacks: who gets in, and at what cost."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from functions.auth import certificates
from functions.auth.certificates import GOOGLE_CERTS_URL, IdentityUnavailable, issuers, kept_s
from functions.auth.encryption import DecryptionFailed, TokenCipher
from functions.auth.identity_tokens import FORMULA_TOKEN_DAYS, Access, Caller
from functions.errors import Forbidden, SettingsError, Unauthenticated
from local.issuer.app import application
from local.issuer.issuing import Issuer
from local.serving import Handler, serving

AUDIENCE = "42.apps.googleusercontent.com"
SECRET = "correct-horse-battery-staple-0123456789"
OTHER_SECRET = "another-horse-eats-staples-9876543210"


@dataclass
class Wire:
    """An issuer that is really served, and a count of what was asked of it."""

    issuer: Issuer = field(default_factory=lambda: Issuer(""))
    fetches: int = 0
    broken: bool = False

    def build(self, url: str) -> web.Application:
        self.issuer.url = url

        @web.middleware
        async def counted(request: web.Request, handler: Handler) -> web.StreamResponse:
            self.fetches += 1
            if self.broken:
                raise web.HTTPServiceUnavailable
            return await handler(request)

        app = application(self.issuer)
        app.middlewares.append(counted)
        return app


@pytest.fixture
def wire() -> Iterator[Wire]:
    wire = Wire()
    with serving(wire.build):
        yield wire


def access(wire: Wire, **changes: object) -> Access:
    arguments: dict[str, object] = {
        "audiences": (AUDIENCE,),
        "certs_url": f"{wire.issuer.url}/certs",
        "allowed_domains": ("example.com", "gmail.com"),
        "allowed_emails": ("guest@partner.example", "doctor@team.iam.gserviceaccount.com"),
        "worker_service_account": "queue@team.iam.gserviceaccount.com",
        "secret_key": SECRET,
    }
    return Access(**(arguments | changes))  # type: ignore[arg-type]  # a test changes what it is about


def bearer(token: str) -> str:
    return f"Bearer {token}"


def test_a_workspace_person_is_known_by_subject_address_and_domain(wire: Wire) -> None:
    token = wire.issuer.token(email="Ada@Example.com", aud=AUDIENCE, sub="123")
    assert access(wire).caller(bearer(token)) == Caller("123", "ada@example.com", "example.com")


@pytest.mark.parametrize(
    ("email", "hd", "domain"),
    [
        ("a@gmail.com", "", "gmail.com"),
        ("a@second.example", "example.com", "example.com"),  # a secondary domain of an allowed organisation
        ("guest@partner.example", "partner.example", "partner.example"),  # allowed by address
        ("doctor@team.iam.gserviceaccount.com", "", ""),  # likewise: Google vouches for service accounts
    ],
)
def test_who_is_let_in(wire: Wire, email: str, hd: str, domain: str) -> None:
    assert access(wire).caller(bearer(wire.issuer.token(email=email, aud=AUDIENCE, hd=hd))).domain == domain


@pytest.mark.parametrize(
    ("email", "hd"),
    [
        ("a@elsewhere.example", "elsewhere.example"),
        ("other@partner.example", "partner.example"),
        ("a@example.com", "elsewhere.example"),  # the address names an allowed domain, the organisation is another
        ("other@team.iam.gserviceaccount.com", ""),
    ],
)
def test_who_is_not(wire: Wire, email: str, hd: str) -> None:
    with pytest.raises(Forbidden):
        access(wire).caller(bearer(wire.issuer.token(email=email, aud=AUDIENCE, hd=hd)))


def test_an_address_that_google_cannot_vouch_for_is_nobody_even_if_it_is_allowed(wire: Wire) -> None:
    token = wire.issuer.token(email="guest@partner.example", aud=AUDIENCE, hd="")
    with pytest.raises(Unauthenticated):
        access(wire).caller(bearer(token))


def test_nobody_is_let_in_where_nobody_was_allowed(wire: Wire) -> None:
    closed = access(wire, allowed_domains=(), allowed_emails=())
    for email in ("a@example.com", "a@gmail.com", "doctor@team.iam.gserviceaccount.com"):
        with pytest.raises(Forbidden):
            closed.caller(bearer(wire.issuer.token(email=email, aud=AUDIENCE)))


def test_a_missing_audience_lets_nobody_in_instead_of_everybody(wire: Wire) -> None:
    token = wire.issuer.token(email="a@example.com", aud="")
    with pytest.raises(SettingsError, match="IDENTITY_AUDIENCE"):
        access(wire, audiences=()).caller(bearer(token))
    with pytest.raises(SettingsError, match="WORKER_URL"):
        access(wire).worker_identity(bearer(token), "")


def test_every_apps_script_project_of_the_team_is_let_in_and_no_other(wire: Wire) -> None:
    door = access(wire, audiences=(AUDIENCE, "43.apps.googleusercontent.com"))
    for audience in (AUDIENCE, "43.apps.googleusercontent.com"):
        assert door.caller(bearer(wire.issuer.token(email="a@example.com", aud=audience))).domain == "example.com"
    with pytest.raises(Unauthenticated, match=r"44-copy\.apps\.googleusercontent\.com.*IDENTITY_AUDIENCE"):
        door.caller(bearer(wire.issuer.token(email="a@example.com", aud="44-copy.apps.googleusercontent.com")))


@pytest.mark.parametrize("audience", ["<b>x</b>.apps.googleusercontent.com", "https://worker.example", ["a"], None, 7])
def test_an_audience_that_is_no_client_id_is_refused_and_not_repeated(wire: Wire, audience: object) -> None:
    with pytest.raises(Unauthenticated) as refused:
        access(wire).caller(bearer(wire.issuer.token(email="a@example.com", aud=audience)))  # type: ignore[arg-type] # hostile
    assert str(refused.value).startswith("Sign in again")


def test_certificates_are_fetched_once_for_many_calls_from_many_threads(wire: Wire) -> None:
    door = access(wire)
    token = bearer(wire.issuer.token(email="a@example.com", aud=AUDIENCE))
    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(door.caller, [token] * 64))) == 1
    assert wire.fetches == 1


def test_a_new_signing_key_is_noticed_at_its_first_token(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificates, "REFETCH_PAUSE_S", 0)
    door = access(wire)
    before = bearer(wire.issuer.token(email="a@example.com", aud=AUDIENCE))
    door.caller(before)
    wire.issuer.rotate()
    door.caller(bearer(wire.issuer.token(email="a@example.com", aud=AUDIENCE)))
    door.caller(before)
    assert wire.fetches == 2


def test_invented_key_ids_cannot_make_us_hammer_the_issuer(wire: Wire) -> None:
    door = access(wire)
    stranger = Issuer(wire.issuer.url)
    for _ in range(20):
        with pytest.raises(Unauthenticated):
            door.caller(bearer(stranger.token(email="a@example.com", aud=AUDIENCE)))
    assert wire.fetches == 1


def test_certificates_past_their_time_serve_a_while_when_their_issuer_is_away(
    wire: Wire,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(certificates, "MAX_KEPT_S", 0)  # every answer is out of date at once
    monkeypatch.setattr(certificates, "REFETCH_PAUSE_S", 0)
    monkeypatch.setattr(certificates, "FAILURE_PAUSE_S", 0)
    door = access(wire)
    token = bearer(wire.issuer.token(email="a@example.com", aud=AUDIENCE))
    door.caller(token)
    wire.broken = True
    door.caller(token)
    monkeypatch.setattr(certificates, "STALE_S", 0)
    with pytest.raises(IdentityUnavailable) as refused:
        door.caller(token)
    assert refused.value.status == 503
    assert wire.fetches == 3


def test_without_any_certificate_the_answer_is_to_try_again(wire: Wire) -> None:
    wire.broken = True
    with pytest.raises(IdentityUnavailable) as refused:
        access(wire).caller(bearer(wire.issuer.token(email="a@example.com", aud=AUDIENCE)))
    assert refused.value.retry_after_s


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("public, max-age=19421, must-revalidate, no-transform", 19421),
        ("max-age=1", 60),
        ("no-store", 60),
        ("", 60),
        ("max-age=999999999", 86400),
    ],
)
def test_how_long_certificates_are_kept(header: str, seconds: float) -> None:
    assert kept_s(header) == seconds


def test_only_google_and_this_machine_can_issue() -> None:
    assert issuers(GOOGLE_CERTS_URL) == {"accounts.google.com", "https://accounts.google.com"}
    assert issuers("http://127.0.0.1:8086/certs") == {"http://127.0.0.1:8086"}
    for url in (
        "https://evil.example/certs",
        "https://127.0.0.1:8086/certs",
        "http://127.0.0.1.evil.example/certs",
        "http://127.0.0.1@evil.example/certs",
        f"{GOOGLE_CERTS_URL}?",
        "",
    ):
        with pytest.raises(SettingsError, match="IDENTITY_CERTS_URL"):
            issuers(url)


def test_the_queues_identity_is_the_configured_service_account(wire: Wire) -> None:
    email, url = "queue@team.iam.gserviceaccount.com", "https://worker.example/"
    token = wire.issuer.service_token(email=email, aud=url)
    assert access(wire).worker_identity(bearer(token), url).email == email


def test_a_formula_token_serves_its_spreadsheet_until_its_day(wire: Wire) -> None:
    now = [1_800_000_000.0]
    door = access(wire, now=lambda: now[0])
    person = Caller("123", "ada@example.com", "example.com")
    text, made = door.issue_formula_token(person, "sheet-1")
    kept = {made.token_id: made}
    assert (made.expires_at - made.issued_at).days == FORMULA_TOKEN_DAYS
    assert door.formula_token(bearer(text), spreadsheet_id="sheet-1", find=kept.get) == made
    assert door.formula_token(bearer(text), spreadsheet_id=None, find=kept.get).issued_by == person
    now[0] = made.expires_at.timestamp() - 1
    door.formula_token(bearer(text), spreadsheet_id="sheet-1", find=kept.get)
    now[0] += 1
    with pytest.raises(Unauthenticated):
        door.formula_token(bearer(text), spreadsheet_id="sheet-1", find=kept.get)
    assert wire.fetches == 0


def test_a_formula_token_shows_nobody_who_made_it_or_for_what(wire: Wire) -> None:
    text, made = access(wire).issue_formula_token(Caller("123", "ada@example.com", "example.com"), "sheet-1")
    assert "ada" not in text
    assert made.token_id not in text
    assert text not in repr(made)
    with pytest.raises(DecryptionFailed):
        TokenCipher(SECRET, "sheet access").decrypt(text)


def test_secrets_rotate_without_a_moment_in_which_anything_is_lost() -> None:
    old, both, new = (TokenCipher(key, "sheet access") for key in (SECRET, f"{OTHER_SECRET},{SECRET}", OTHER_SECRET))
    encrypted = old.encrypt("ya29.token")
    assert both.decrypt(encrypted) == "ya29.token"
    with pytest.raises(DecryptionFailed):
        new.decrypt(encrypted)
    assert new.decrypt(both.encrypt("ya29.token")) == "ya29.token"


def test_a_cipher_hides_its_text_and_never_repeats_itself() -> None:
    cipher = TokenCipher(SECRET, "sheet access")
    encrypted = {cipher.encrypt("ya29.token") for _ in range(10)}
    assert len(encrypted) == 10
    assert not any("ya29" in text for text in encrypted)
    assert SECRET not in repr(cipher)


@pytest.mark.parametrize(
    "text",
    ["", "x", "ü" * 50, "gAAAAA", pytest.param(TokenCipher(OTHER_SECRET, "a").encrypt("b"), id="encrypted elsewhere")],
)
def test_what_was_not_encrypted_here_is_not_decrypted(text: str) -> None:
    with pytest.raises(DecryptionFailed):
        TokenCipher(SECRET, "a").decrypt(text)


@pytest.mark.parametrize(
    ("secret", "says"),
    [
        ("", "is not set"),
        ("   ", "is not set"),
        ("short", "at least 32 characters"),
        (f"{SECRET},short", "at least 32 characters"),
        (f"{SECRET},", "at least 32 characters"),
        ("ab" * 30, "can be guessed"),
        (f"{SECRET},{OTHER_SECRET},{SECRET}", "two secrets at most"),
    ],
)
def test_a_weak_secret_stops_the_start_with_a_sentence_that_does_not_repeat_it(secret: str, says: str) -> None:
    with pytest.raises(SettingsError, match=f"LEADFILL_SECRET_KEY .*{says}") as refused:
        TokenCipher(secret, "anything")
    assert not secret.strip() or secret not in str(refused.value)


def test_the_formulas_path_imports_neither_google_auth_nor_requests() -> None:
    code = """
import sys
from functions.auth.identity_tokens import Access, Caller
from functions.auth.certificates import GOOGLE_CERTS_URL
door = Access(audiences=("a",), certs_url=GOOGLE_CERTS_URL, allowed_domains=("example.com",), allowed_emails=(),
              worker_service_account="", secret_key="correct-horse-battery-staple-0123456789")
assert "cryptography" not in sys.modules
text, made = door.issue_formula_token(Caller("1", "a@example.com", "example.com"), "s")
assert door.formula_token("Bearer " + text, spreadsheet_id="s", find=lambda token_id: made) is made
assert not {"google.auth", "requests"} & set(sys.modules), sorted(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
