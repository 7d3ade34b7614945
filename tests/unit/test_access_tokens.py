"""Proves that the issuer alone says to whom an access token belongs, and that it is asked once per token."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from functions.auth import access_tokens
from functions.auth.access_tokens import GOOGLE_TOKENINFO_URL, AccessTokens
from functions.auth.certificates import GOOGLE_CERTS_URL, IdentityUnavailable
from functions.errors import Forbidden, SettingsError, SheetAccessExpired
from local.issuer.app import application
from local.issuer.issuing import Issuer
from local.serving import Handler, serving

AUDIENCE = "42.apps.googleusercontent.com"
OURS = frozenset({AUDIENCE})


@dataclass
class Wire:
    """An issuer that is really served; what it was asked; and what it answers when it is broken."""

    issuer: Issuer = field(default_factory=lambda: Issuer(""))
    urls: list[str] = field(default_factory=list)
    broken: web.Response | None = None

    def build(self, url: str) -> web.Application:
        self.issuer.url = url

        @web.middleware
        async def recorded(request: web.Request, handler: Handler) -> web.StreamResponse:
            self.urls.append(str(request.rel_url))
            return self.broken or await handler(request)

        app = application(self.issuer)
        app.middlewares.append(recorded)
        return app

    def tokens(self, now: list[float] | None = None) -> AccessTokens:
        more = {"now": lambda: now[0]} if now else {}
        return AccessTokens(f"{self.issuer.url}/tokeninfo", f"{self.issuer.url}/certs", **more)


@pytest.fixture
def wire() -> Iterator[Wire]:
    wire = Wire()
    with serving(wire.build):
        yield wire


def test_a_token_is_its_owners_and_is_asked_about_once(wire: Wire) -> None:
    token, tokens = wire.issuer.access_token(email="ada@example.com", aud=AUDIENCE, sub="123"), wire.tokens()
    for _ in range(3):
        owner = tokens.check_owner(token, subject="123", audiences=OURS)
    assert (owner.subject, owner.audience) == ("123", AUDIENCE)
    assert wire.urls == ["/tokeninfo"], "the token stands in no URL"


def test_somebody_elses_token_is_refused(wire: Wire) -> None:
    token = wire.issuer.access_token(email="ada@example.com", aud=AUDIENCE, sub="123")
    with pytest.raises(Forbidden, match="another account"):
        wire.tokens().check_owner(token, subject="456", audiences=OURS)


def test_a_token_of_another_application_is_refused(wire: Wire) -> None:
    token = wire.issuer.access_token(email="ada@example.com", aud="43.apps.googleusercontent.com", sub="123")
    with pytest.raises(Forbidden, match="not given to this add-on"):
        wire.tokens().check_owner(token, subject="123", audiences=OURS)


@pytest.mark.parametrize("life_s", [0, -1])
def test_an_expired_token_says_so(wire: Wire, life_s: int) -> None:
    token = wire.issuer.access_token(email="ada@example.com", aud=AUDIENCE, sub="123", expires_in_s=life_s)
    with pytest.raises(SheetAccessExpired):
        wire.tokens().check_owner(token, subject="123", audiences=OURS)


def test_what_is_remembered_ends_with_the_token_and_after_some_minutes(wire: Wire) -> None:

    now = [time.time()]
    tokens = wire.tokens(now)
    short = wire.issuer.access_token(email="ada@example.com", aud=AUDIENCE, sub="123", expires_in_s=60)
    long = wire.issuer.access_token(email="ada@example.com", aud=AUDIENCE, sub="123")
    for token in (short, long):
        tokens.check_owner(token, subject="123", audiences=OURS)
    now[0] += 61
    for token in (short, long):
        tokens.check_owner(token, subject="123", audiences=OURS)
    assert len(wire.urls) == 3
    now[0] += access_tokens.MAX_REMEMBERED_S
    tokens.check_owner(long, subject="123", audiences=OURS)
    assert len(wire.urls) == 4


def test_memory_is_bounded(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_tokens, "MAX_REMEMBERED", 2)
    tokens = wire.tokens()
    made = [wire.issuer.access_token(email="ada@example.com", aud=AUDIENCE, sub="123") for _ in range(3)]
    for token in [*made, made[2], made[0]]:
        tokens.check_owner(token, subject="123", audiences=OURS)
    assert len(wire.urls) == 4, "the oldest was asked about again, the newest was not"


@pytest.mark.parametrize(
    "answer",
    [
        web.Response(status=500),
        web.Response(status=302, headers={"Location": "http://evil.example/"}),
        web.Response(text="<html>"),
        web.json_response([]),
        web.json_response({"sub": "123"}),
        web.json_response({"sub": "", "aud": AUDIENCE, "expires_in": "60"}),
        web.json_response({"sub": 123, "aud": AUDIENCE, "expires_in": "60"}),
        web.json_response({"sub": "123", "aud": AUDIENCE, "expires_in": "soon"}),
    ],
    ids=["500", "redirect", "html", "list", "half", "empty", "number", "no number"],
)
def test_nobody_is_let_in_where_the_service_does_not_answer_well(
    wire: Wire, answer: web.Response, caplog: pytest.LogCaptureFixture
) -> None:
    token = wire.issuer.access_token(email="ada@example.com", aud=AUDIENCE, sub="123")
    wire.broken = answer
    with caplog.at_level(logging.DEBUG), pytest.raises(IdentityUnavailable) as caught:
        wire.tokens().check_owner(token, subject="123", audiences=OURS)
    assert caught.value.__suppress_context__
    assert token not in caplog.text + str(caught.value)


@pytest.mark.parametrize(
    ("url", "certs_url"),
    [
        ("https://evil.example/tokeninfo", GOOGLE_CERTS_URL),
        ("http://127.0.0.1:1/tokeninfo", GOOGLE_CERTS_URL),
        (GOOGLE_TOKENINFO_URL, "http://127.0.0.1:1/certs"),
        ("http://127.0.0.1:2/tokeninfo", "http://127.0.0.1:1/certs"),
        ("http://evil.example/tokeninfo", "http://evil.example/certs"),
    ],
)
def test_the_address_is_googles_or_the_local_issuers(url: str, certs_url: str) -> None:
    with pytest.raises(SettingsError, match="IDENTITY_TOKENINFO_URL"):
        AccessTokens(url, certs_url)


def test_googles_addresses_go_together() -> None:
    AccessTokens(GOOGLE_TOKENINFO_URL, GOOGLE_CERTS_URL)
