"""Proves P11 at the door: a table of token attacks, each really signed (or really not), and each refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from google.auth import crypt, jwt

from functions.auth.certificates import GOOGLE_CERTS_URL
from functions.auth.encryption import TokenCipher
from functions.auth.identity_tokens import MAX_HEADER_LENGTH, Access, Caller, FormulaToken
from functions.errors import AccessError, Forbidden, Unauthenticated
from local.issuer.app import application
from local.issuer.issuing import Issuer
from local.serving import serving

AUDIENCE = "42.apps.googleusercontent.com"
WORKER, SWEEP = "https://worker.example/", "https://sweep.example/"
QUEUE = "queue@team.iam.gserviceaccount.com"
SECRET = "correct-horse-battery-staple-0123456789"
PERSON = Caller("123", "ada@example.com", "example.com")


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    issuer = Issuer("")

    def build(url: str) -> Any:  # noqa: ANN401  aiohttp's application, as it comes
        issuer.url = url
        return application(issuer)

    with serving(build):
        yield issuer


@pytest.fixture(scope="module")
def door(issuer: Issuer) -> Access:
    return context(f"{issuer.url}/certs")


def context(certs_url: str, **changes: Any) -> Access:  # noqa: ANN401  a test changes what it is about
    arguments: dict[str, Any] = {
        "audiences": (AUDIENCE,),
        "certs_url": certs_url,
        "allowed_domains": ("example.com",),
        "allowed_emails": (),
        "worker_service_account": QUEUE,
        "secret_key": SECRET,
    }
    return Access(**(arguments | changes))


def claims(issuer: Issuer, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  any claim
    now = int(time.time())
    good = {
        "iss": issuer.url,
        "aud": AUDIENCE,
        "azp": AUDIENCE,
        "sub": "123",
        "email": "ada@example.com",
        "email_verified": True,
        "hd": "example.com",
        "iat": now,
        "exp": now + 3600,
    }
    return {name: value for name, value in (good | changes).items() if value is not None}


def segment(value: object) -> str:
    return encoded(json.dumps(value).encode())


def encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def public_key(issuer: Issuer, form: serialization.PublicFormat) -> bytes:
    certificate = x509.load_pem_x509_certificate(issuer.certs[issuer.key_id].encode())
    return certificate.public_key().public_bytes(serialization.Encoding.PEM, form)


def hs256(issuer: Issuer, key: bytes) -> str:
    signed = f"{segment({'alg': 'HS256', 'typ': 'JWT', 'kid': issuer.key_id})}.{segment(claims(issuer))}"
    return f"{signed}.{encoded(hmac.digest(key, signed.encode(), hashlib.sha256))}"


def es256(issuer: Issuer) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    signer = crypt.EsSigner.from_string(pem, issuer.key_id)
    token: bytes = jwt.encode(signer, claims(issuer))  # type: ignore[no-untyped-call]  # google-auth types only parts
    return token.decode()


def unsigned(issuer: Issuer, algorithm: str | None, signature: str = "") -> str:
    header = {"typ": "JWT", "kid": issuer.key_id} | ({"alg": algorithm} if algorithm else {})
    return f"{segment(header)}.{segment(claims(issuer))}.{signature}"


def tampered(issuer: Issuer, **changes: Any) -> str:  # noqa: ANN401  any claim
    header, _, signature = issuer.signed(claims(issuer)).split(".")
    return f"{header}.{segment(claims(issuer, **changes))}.{signature}"


def signed_by(signer: Issuer, header: dict[str, Any], payload: dict[str, Any]) -> str:
    """A real RS256 signature over exactly this header."""
    signed = f"{segment(header)}.{segment(payload)}"
    return f"{signed}.{encoded(signer._signer.sign(signed.encode()))}"


def _good(issuer: Issuer) -> str:
    return issuer.signed(claims(issuer))


ATTACKS: dict[str, Callable[[Issuer], str | None]] = {
    # The signature.
    "no header": lambda _: None,
    "empty": lambda _: "",
    "no token": lambda _: "Bearer ",
    "another scheme": lambda i: f"Basic {_good(i)}",
    "two tokens": lambda i: f"Bearer {_good(i)} {_good(i)}",
    "a line break after it": lambda i: f"Bearer {_good(i)}\r\nX-Admin: 1",
    "signed by somebody else": lambda _: f"Bearer {Issuer('').token(email='ada@example.com', aud=AUDIENCE)}",
    "signed by somebody else in the issuer's name": lambda i: f"Bearer {Issuer(i.url).signed(claims(i))}",
    "signed by somebody else under a known key id": lambda i: (
        "Bearer " + signed_by(Issuer(i.url), {"alg": "RS256", "kid": i.key_id}, claims(i))
    ),
    "another person's claims under a good signature": lambda i: f"Bearer {tampered(i, sub='1', email='e@example.com')}",
    "another expiry under a good signature": lambda i: f"Bearer {tampered(i, exp=2**40)}",
    "signature cut": lambda i: "Bearer " + _good(i)[:-8],
    "signature left out": lambda i: "Bearer " + _good(i).rsplit(".", 1)[0] + ".",
    "signature removed by Cloud Run": lambda i: f"Bearer {unsigned(i, 'RS256', 'SIGNATURE_REMOVED_BY_GOOGLE')}",
    "alg none": lambda i: f"Bearer {unsigned(i, 'none')}",
    "alg None": lambda i: f"Bearer {unsigned(i, 'None')}",
    "alg empty": lambda i: f"Bearer {unsigned(i, None)}",
    "alg none over a good signature": lambda i: "Bearer " + unsigned(i, "none", _good(i).rsplit(".", 1)[1]),
    "HS256 with the public key": lambda i: (
        "Bearer " + hs256(i, public_key(i, serialization.PublicFormat.SubjectPublicKeyInfo))
    ),
    "HS256 with the public key, other form": lambda i: (
        "Bearer " + hs256(i, public_key(i, serialization.PublicFormat.PKCS1))
    ),
    "HS256 with the certificate": lambda i: "Bearer " + hs256(i, i.certs[i.key_id].encode()),
    "HS256 with nothing": lambda i: "Bearer " + hs256(i, b""),
    "ES256 under an RSA key's id": lambda i: f"Bearer {es256(i)}",
    "no key id": lambda i: "Bearer " + signed_by(i, {"alg": "RS256"}, claims(i)),
    "a path for a key id": lambda i: (
        f"Bearer {segment({'alg': 'RS256', 'kid': '../../dev/null'})}.{_good(i).split('.', 1)[1]}"
    ),
    "a list for a key id": lambda i: f"Bearer {segment({'alg': 'RS256', 'kid': ['x']})}.{_good(i).split('.', 1)[1]}",
    "its own key in the header": lambda i: (
        f"Bearer {segment({'alg': 'RS256', 'jku': 'https://evil.example', 'jwk': {}})}.{_good(i).split('.', 1)[1]}"
    ),
    # The claims.
    "expired": lambda i: "Bearer " + i.signed(claims(i, iat=1, exp=int(time.time()) - 60)),
    "expired, as the issuer makes it": lambda i: (
        "Bearer " + i.token(email="ada@example.com", aud=AUDIENCE, expires_in_s=-60)
    ),
    "from the future": lambda i: "Bearer " + i.signed(claims(i, iat=int(time.time()) + 600)),
    "without an expiry": lambda i: "Bearer " + i.signed(claims(i, exp=None)),
    "an expiry that is text": lambda i: "Bearer " + i.signed(claims(i, exp="tomorrow")),
    "meant for another deployment": lambda i: "Bearer " + i.signed(claims(i, aud="43.apps.googleusercontent.com")),
    "meant for nobody": lambda i: "Bearer " + i.signed(claims(i, aud=None)),
    "meant for many": lambda i: "Bearer " + i.signed(claims(i, aud=[AUDIENCE, "other"])),
    "meant for the worker": lambda i: "Bearer " + i.signed(claims(i, aud=WORKER)),
    "issued by Google, says the local issuer": lambda i: (
        "Bearer " + i.signed(claims(i, iss="https://accounts.google.com"))
    ),
    "issued by somebody else": lambda i: "Bearer " + i.signed(claims(i, iss="https://evil.example")),
    "issued by nobody": lambda i: "Bearer " + i.signed(claims(i, iss=None)),
    "issued by a list": lambda i: "Bearer " + i.signed(claims(i, iss=[i.url])),
    "address not verified": lambda i: "Bearer " + i.signed(claims(i, email_verified=False)),
    "address verified, in words": lambda i: "Bearer " + i.signed(claims(i, email_verified="true")),
    "address without verification": lambda i: "Bearer " + i.signed(claims(i, email_verified=None)),
    "no address": lambda i: "Bearer " + i.signed(claims(i, email=None)),
    "no subject": lambda i: "Bearer " + i.signed(claims(i, sub="")),
    "an address that only looks like ours": lambda i: "Bearer " + i.signed(claims(i, hd=None)),
    "an outsider": lambda i: "Bearer " + i.signed(claims(i, email="e@evil.example", hd="evil.example")),
    "an outsider with our address": lambda i: "Bearer " + i.signed(claims(i, hd="evil.example")),
    "a domain that ends like ours": lambda i: "Bearer " + i.signed(claims(i, hd="evil-example.com")),
    # The parser.
    "not a token": lambda _: "Bearer x",
    "too few parts": lambda _: "Bearer a.b",
    "too many parts": lambda i: f"Bearer {_good(i)}.x",
    "not JSON": lambda _: f"Bearer {encoded(b'{')}.{encoded(b'{')}.AAAA",
    "not an object": lambda _: f"Bearer {segment([])}.{segment(1)}.AAAA",
    "not UTF-8": lambda _: f"Bearer {encoded(bytes([255]))}.{encoded(bytes([255]))}.AAAA",
    "deeply nested": lambda _: f"Bearer {encoded(b'[' * 5000)}.e30.AAAA",
    "nested in the claims": lambda _: f"Bearer e30.{encoded(b'[' * 5000)}.AAAA",
    "huge": lambda _: "Bearer " + "a" * 10_000_000,
    "a good one with a long tail": lambda i: f"Bearer {_good(i)}{'=' * MAX_HEADER_LENGTH}",
    # Tokens for another door.
    "a formula token": lambda i: "Bearer " + context(f"{i.url}/certs").issue_formula_token(PERSON, "sheet-1")[0],
    "the queue's token": lambda i: "Bearer " + i.service_token(email=QUEUE, aud=WORKER),
    "the queue's account with a person's audience": lambda i: "Bearer " + i.service_token(email=QUEUE, aud=AUDIENCE),
}


def test_a_good_token_opens_so_that_the_table_proves_something(door: Access, issuer: Issuer) -> None:
    assert door.caller(f"Bearer {_good(issuer)}") == PERSON


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_attack_is_taken_for_a_person(
    door: Access,
    issuer: Issuer,
    caplog: pytest.LogCaptureFixture,
    attack: str,
) -> None:
    header = ATTACKS[attack](issuer)
    with caplog.at_level(logging.DEBUG), pytest.raises(AccessError) as refused:
        door.caller(header)
    assert isinstance(refused.value, Unauthenticated | Forbidden)
    # Whoever is refused learns nothing: no part of the token, no claim, not which check failed.
    said = f"{refused.value} {refused.value.__cause__}"
    assert refused.value.__suppress_context__ or refused.value.__context__ is None
    assert issuer.url not in said  # at this level urllib3 logs where certificates are fetched, which is no secret
    for secret in ("ada@example.com", "evil", AUDIENCE, issuer.key_id, "eyJ"):
        assert secret not in said + caplog.text


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_attack_is_taken_for_the_queue_or_a_formula(door: Access, issuer: Issuer, attack: str) -> None:
    header = ATTACKS[attack](issuer)
    if attack != "the queue's token":
        with pytest.raises(AccessError):
            door.worker_identity(header, WORKER)
    if attack != "a formula token":
        with pytest.raises(AccessError):
            door.formula_token(header, spreadsheet_id="sheet-1", find=_never)


def test_a_person_is_not_the_queue_even_with_its_audience(door: Access, issuer: Issuer) -> None:
    with pytest.raises(Forbidden):
        door.worker_identity(f"Bearer {issuer.signed(claims(issuer, aud=WORKER))}", WORKER)


def test_another_service_account_is_not_the_queue(door: Access, issuer: Issuer) -> None:
    other = issuer.service_token(email="other@team.iam.gserviceaccount.com", aud=WORKER)
    with pytest.raises(Forbidden):
        door.worker_identity(f"Bearer {other}", WORKER)


def test_the_workers_token_is_not_good_for_the_sweep(door: Access, issuer: Issuer) -> None:
    token = f"Bearer {issuer.service_token(email=QUEUE, aud=WORKER)}"
    assert door.worker_identity(token, WORKER).email == QUEUE
    with pytest.raises(Unauthenticated):
        door.worker_identity(token, SWEEP)


def test_the_queue_is_no_person_unless_the_team_lists_it(door: Access, issuer: Issuer) -> None:
    with pytest.raises(Forbidden):
        door.caller(f"Bearer {issuer.service_token(email=QUEUE, aud=AUDIENCE)}")


def test_a_local_issuers_tokens_are_worth_nothing_in_the_cloud(
    issuer: Issuer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cloud = context(GOOGLE_CERTS_URL)
    # Google's address, answering with the attacker's own certificates, still vouches for nobody but Google.
    monkeypatch.setattr(cloud._certificates, "current", lambda _key_id: issuer.certs)
    with pytest.raises(Unauthenticated):
        cloud.caller(f"Bearer {_good(issuer)}")
    assert cloud.caller("Bearer " + issuer.signed(claims(issuer, iss="https://accounts.google.com"))) == PERSON


def formula(door: Access, text: str, *kept: FormulaToken, spreadsheet_id: str = "sheet-1") -> None:
    """A formula's call, where these tokens are in the store."""
    tokens = {token.token_id: token for token in kept}
    door.formula_token(f"Bearer {text}", spreadsheet_id=spreadsheet_id, find=tokens.get)


def _never(_token_id: str) -> FormulaToken:
    raise AssertionError("nothing that this deployment has not made reaches the store")


def test_a_formula_token_is_for_one_spreadsheet_and_can_be_revoked(door: Access) -> None:
    text, made = door.issue_formula_token(PERSON, "sheet-1")
    formula(door, text, made)
    with pytest.raises(Forbidden):
        formula(door, text, made, spreadsheet_id="sheet-2")
    with pytest.raises(Unauthenticated):
        formula(door, text, replace(made, revoked_at=made.issued_at))


def test_a_formula_token_that_is_not_in_the_store_counts_for_nothing(door: Access) -> None:
    text, _ = door.issue_formula_token(PERSON, "sheet-1")
    _, other = door.issue_formula_token(PERSON, "sheet-1")
    with pytest.raises(Unauthenticated):
        formula(door, text, other)


def test_a_formula_token_ends_when_its_maker_may_no_longer_call(issuer: Issuer, door: Access) -> None:
    text, made = door.issue_formula_token(PERSON, "sheet-1")
    without_them = context(f"{issuer.url}/certs", allowed_domains=("elsewhere.example",))
    with pytest.raises(Forbidden):
        formula(without_them, text, made)


def test_no_changed_byte_of_a_formula_token_goes_unnoticed(door: Access) -> None:
    text, made = door.issue_formula_token(PERSON, "sheet-1")
    for place in range(0, len(text) - 4, 7):
        changed = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
        with pytest.raises(Unauthenticated):
            formula(door, changed, made)


def test_what_is_sealed_for_another_purpose_or_by_another_deployment_is_no_formula_token(door: Access) -> None:
    _, made = door.issue_formula_token(PERSON, "sheet-1")
    formula(door, TokenCipher(SECRET, "formula token").encrypt(made.token_id), made)
    other = "another-horse-eats-staples-9876543210"
    for cipher in (TokenCipher(SECRET, "sheet access"), TokenCipher(other, "formula token")):
        with pytest.raises(Unauthenticated):
            formula(door, cipher.encrypt(made.token_id), made)
