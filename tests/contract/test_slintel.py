"""Every answer that Slintel can give, and every way in which it can fail to, has the documented conclusion (P2).

Over real sockets: the sandbox where it can play the part, a server of raw bytes where the wire itself is wrong.
"""

from __future__ import annotations

import gzip
import json
import logging
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import formatdate
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from functions.credits.lookup_result import (
    Found,
    LookupResult,
    Missing,
    NoAnswer,
    OptedOut,
    Refused,
    Throttled,
    Unavailable,
    Unreadable,
)
from functions.errors import KeyRejected, LeadfillError, QuotaExhausted, SettingsError
from functions.profiles import Profile
from functions.providers import connections, http
from functions.providers.contract import Balance
from functions.providers.slintel import Slintel
from functions.version import VERSION
from local.providers.client import Sandbox
from tests.support.wire import Serve, answer, request, says, wire

KEY = "not-a-real-key"
SENT, UNSENT = NoAnswer(sent=True), NoAnswer(sent=False)
LEAD = b'{"data":{"id":"5dc1","name":"A"}}'


def profile(slug: str) -> Profile:
    return Profile(f"linkedin.com/in/{slug}", f"http://www.linkedin.com/in/{slug}")


@contextmanager
def client(url: str, *, timeout_s: float = 30, key: str = KEY, concurrency: int = 4) -> Iterator[Slintel]:
    made = Slintel(url, key, concurrency=concurrency, timeout_s=timeout_s)
    try:
        yield made
    finally:
        made.close()


def look_up(*serves: Serve, timeout_s: float = 30) -> LookupResult:
    with wire(*serves) as (url, _), client(url, timeout_s=timeout_s) as made:
        return made.look_up(profile("jane")).result


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.reset()
    return running


# The answers table.


def test_a_lead_is_found_and_kept_whole(sandbox: Sandbox) -> None:
    with client(sandbox.url) as made:
        result = made.look_up(profile("grace-hopper-1")).result
    assert isinstance(result, Found)
    assert result.lead["linkedin_url"] == "http://www.linkedin.com/in/grace-hopper-1"
    assert json.loads(result.raw) == result.lead
    assert sandbox.charges(by="slug") == {"grace-hopper-1": 1}


@pytest.mark.parametrize("slug", ["jos%C3%A9-%F0%9F%8E%89", "a%26b", "o'brien", "x%2Fy", "100%25-sure", "a+b"])
def test_the_url_arrives_as_it_is(sandbox: Sandbox, slug: str) -> None:
    with client(sandbox.url) as made:
        assert isinstance(made.look_up(profile(slug)).result, Found)
    with wire(says(answer(404))) as (url, received), client(url) as made:
        made.look_up(profile("jos%C3%A9"))
    assert b"/lead/enrich?linkedin_url=http%3A%2F%2Fwww.linkedin.com%2Fin%2Fjos%25C3%25A9 HTTP/1.1" in received[0]


@pytest.mark.parametrize(
    ("slug", "expected", "charged"),
    [
        ("jane-not-found", Missing(successful=False), 0),
        ("jane-empty-lead", Missing(successful=True), 1),
        ("jane-null-lead", Missing(successful=True), 1),
        ("jane-list-lead", Missing(successful=True), 1),
        ("jane-without-id", Missing(successful=True), 1),
        ("jane-broken-lead", Unreadable(), 1),
        ("jane-cut-lead", Unreadable(), 1),
        ("jane-hang-up-before", SENT, 0),
        ("jane-hang-up-after", SENT, 1),
        ("jane-refused", Refused(400), 0),
        ("jane-throttled", Throttled(), 0),
        ("jane-server-error", Unavailable(500), 0),
        ("jane-unavailable", Unavailable(503), 0),
        ("jane-gateway-timeout", SENT, 0),
        ("jane-charged-timeout", SENT, 1),
    ],
)
def test_the_answers_table(sandbox: Sandbox, slug: str, expected: LookupResult, charged: int) -> None:
    with client(sandbox.url) as made:
        assert made.look_up(profile(slug)).result == expected
    assert sandbox.charges() == sandbox.charges() | {"total": charged, "requests": 1}


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (answer(200, b'{"data":{"id":null}}'), Missing(successful=True)),
        (answer(200, b'{"data":""}'), Missing(successful=True)),
        (answer(200, b"{}"), Missing(successful=True)),
        (answer(200, b'{"data":[{"id":"1"}]}'), Unreadable()),
        (answer(200, b'{"data":"soon"}'), Unreadable()),
        (answer(200, b"[]"), Unreadable()),
        (answer(200, b"null"), Unreadable()),
        (answer(200, b""), Unreadable()),
        (answer(200, b"<html>maintenance</html>"), Unreadable()),
        *(  # one letter that was cut in two makes no lead unreadable
            (
                answer(200, b'{"data":{"id":"1","name":"A%b"}}' % cut),
                Found({"id": "1", "name": "A\ufffd"}, raw, raw_is_lead=True),
            )
            for cut, raw in (
                (b"\xff", '{"id":"1","name":"A\ufffd"}'.encode()),
                (rb"\ud83d", rb'{"id":"1","name":"A\ufffd"}'),
                (rb"\uDE00", rb'{"id":"1","name":"A\ufffd"}'),
            )
        ),
        (
            answer(200, rb'{"data":{"id":"1","name":"A\ud83d\uDE00"}}'),
            Found({"id": "1", "name": "A\U0001f600"}, rb'{"id":"1","name":"A\ud83d\uDE00"}', raw_is_lead=True),
        ),
        (answer(200, b'{"data":' + b"[" * 200_000 + b"]" * 200_000 + b"}"), Unreadable()),
        (answer(200, b'{"data":{"id":"1","a":' + b"[" * 5_000 + b"]" * 5_000 + b"}}"), Unreadable()),
        (answer(200, b"no gzip", Content_Encoding="gzip"), Unreadable()),
        (answer(204), Unreadable()),
        (answer(201, LEAD), Found({"id": "5dc1", "name": "A"}, b'{"id":"5dc1","name":"A"}', raw_is_lead=True)),
        (
            answer(200, gzip.compress(LEAD, mtime=0), Content_Encoding="gzip"),
            Found({"id": "5dc1", "name": "A"}, LEAD[8:-1], raw_is_lead=True),
        ),
        (answer(301, b"", Location="http://127.0.0.1:9/"), Unavailable(301)),
        (answer(307, b"x" * 100, Location="::::"), Unavailable(307)),
        (answer(408), Unavailable(408)),
        (answer(410), Refused(410)),
        (answer(422, b"{}"), Refused(422)),
        (answer(429, b"slow down"), Throttled()),
        (answer(429, b'{"message":"Too Many Requests Exception"}'), Throttled()),
        (answer(451), OptedOut()),
        (answer(429, b'{"message":"Rate limit exceeded"}', Retry_After="7"), Throttled(7.0)),
        (answer(429, b'{"message":null}', Retry_After="0.5"), Throttled(0.5)),
        (answer(429, b"{}", Retry_After="soon"), Throttled()),
        (answer(429, b"{}", Retry_After="-1"), Throttled()),
        (answer(429, b"{}", Retry_After=f"Mon, 01 Jan {10**20} 00:00:00 GMT"), Throttled()),
        (answer(429, b"{}", Retry_After="Fri, 31 Dec 9999 23:59:59 GMT"), Throttled()),
        (answer(103), NoAnswer(sent=True)),
        (
            answer(429, b"{}", Retry_After=formatdate(1e9 + 9, usegmt=True), Date=formatdate(1e9, usegmt=True)),
            Throttled(9),
        ),
        (answer(429, b"{}", Retry_After=formatdate(1e9, usegmt=True)), Throttled(0.0)),
        (answer(502), Unavailable(502)),
        (answer(503, b"", Retry_After="3"), Unavailable(503, 3.0)),
        (answer(599), Unavailable(599)),
    ],
)
def test_what_is_not_documented_is_concluded_with_care(sent: bytes, expected: LookupResult) -> None:
    assert look_up(says(sent)) == expected


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (answer(401), KeyRejected),
        (answer(403, b'{"message":"Forbidden"}'), KeyRejected),
        (answer(402), QuotaExhausted),
        (answer(429, b'{"message":"Limit Exceeded"}'), QuotaExhausted),
        (answer(429, b'{"message": "Limit exceeded."}', Retry_After="5"), QuotaExhausted),
    ],
)
def test_what_stops_the_run_is_raised(sent: bytes, error: type[LeadfillError]) -> None:
    with pytest.raises(error):
        look_up(says(sent))


def test_limit_exceeded_says_when_the_providers_day_ends() -> None:
    """By the provider's own clock; the documented reset is 00:00 GMT."""
    noon = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)
    body = b'{"message":"LIMIT EXCEEDED EXCEPTION"}'
    with pytest.raises(QuotaExhausted) as caught:
        look_up(says(answer(429, body, Date=formatdate(noon.timestamp(), usegmt=True))))
    assert caught.value.until == datetime(2026, 11, 25, tzinfo=UTC)
    with pytest.raises(QuotaExhausted) as caught:
        look_up(says(answer(402)))
    assert caught.value.until is None


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (answer(200, b'{"available_credits":10,"consumed_credits":90}'), Balance(Decimal(10), Decimal(90))),
        (answer(200, b'{"available_credits":9.75}'), Balance(Decimal("9.75"))),
        (answer(200, b'{"message":"ok"}'), None),
        (answer(200, b"<html>"), None),
        (answer(500), None),
        (b"", None),
    ],
)
def test_the_balance_is_what_the_account_says(sent: bytes, expected: Balance | None) -> None:
    with wire(says(sent)) as (url, received), client(url) as made:
        assert made.balance() == expected
    assert received[0].startswith(b"GET /api-credits HTTP/1.1\r\n")


@pytest.mark.parametrize("status", [401, 403])
def test_the_balance_is_the_check_of_the_key(status: int) -> None:
    with wire(says(answer(status))) as (url, _), client(url) as made, pytest.raises(KeyRejected):
        made.balance()


def test_a_redirect_is_not_followed() -> None:
    with wire(says(answer(200, LEAD))) as (elsewhere, received):
        assert look_up(says(answer(302, b"", Location=elsewhere))) == Unavailable(302)
        assert received == []


# The wire.


def refused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
    return port


@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.invalid", "a" * 80 + ".invalid"])
def test_a_host_that_is_not_reached_was_not_asked(host: str) -> None:
    with client(f"http://{host}:{refused_port()}/v2.0") as made:
        assert made.look_up(profile("jane")).result == UNSENT


def test_a_failed_tls_handshake_was_not_a_request() -> None:
    for serve in (says(b"HTTP/1.1 400 Bad Request\r\n\r\n"), lambda _: None):
        with wire(serve) as (url, _), client(url.replace("http", "https")) as made:
            assert made.look_up(profile("jane")).result == UNSENT


def reset(connection: socket.socket) -> None:
    """Makes the connection end with a reset instead of a farewell."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_a_peer_that_resets_during_the_handshake_was_not_asked() -> None:
    with wire(reset) as (url, _), client(url.replace("http", "https")) as made:
        assert made.look_up(profile("jane")).result == UNSENT


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.", b"HTTP/1.1 20", b"nonsense\r\n\r\n"])
def test_an_end_before_the_answer_is_in_doubt(sent: bytes) -> None:
    assert look_up(says(sent)) == SENT


@pytest.mark.parametrize(
    "sent",
    [
        b"HTTP/1.1 200 OK",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        answer(200, LEAD)[:-5],
        answer(200, b"")[:-4] + b"\r\nTransfer-Encoding: chunked\r\n\r\n21\r\n{",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + LEAD[:-5],
    ],
)
def test_a_success_that_is_cut_is_charged(sent: bytes) -> None:
    assert look_up(says(sent)) == Unreadable()


def test_an_error_that_is_cut_is_still_that_error() -> None:
    assert look_up(says(answer(500, b"x" * 100)[:-50])) == Unavailable(500)


def test_silence_is_in_doubt() -> None:
    assert look_up(lambda connection: connection.recv(1), timeout_s=0.2) == SENT


@pytest.mark.parametrize(
    ("begin", "drop", "expected"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"X-Drop: 1\r\n", SENT),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n", SENT),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b" ", Unreadable()),
        (b"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n", Unavailable(500)),
    ],
)
def test_a_server_that_trickles_does_not_hold_a_thread(begin: bytes, drop: bytes, expected: LookupResult) -> None:
    drops = 0

    def trickle(connection: socket.socket) -> None:
        nonlocal drops
        connection.sendall(begin)
        while drops < 90:
            connection.sendall(drop)
            drops += 1
            time.sleep(0.05)

    assert look_up(trickle, timeout_s=0.5) == expected
    assert 2 <= drops < 60


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_an_endless_body_is_not_read_to_its_end(encoding: str) -> None:
    body = b'{"data":{"id":"' + b"x" * (http.MAX_BODY_BYTES + 100) + b'"}}'
    sent = gzip.compress(body, 1) if encoding == "gzip" else body
    assert look_up(says(answer(200, sent, Content_Encoding=encoding))) == Unreadable()
    assert isinstance(look_up(says(answer(200, body.replace(b"x" * 1_000, b"")))), Found)


# TLS.


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and its self-signed certificate for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path: Path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return path


def over_tls(certificate: Path, serve: Serve) -> Serve:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def served(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            request(secured)
            serve(secured)

    return served


@pytest.mark.parametrize(
    ("serve", "trusted", "expected"),
    [
        (says(answer(404)), True, Missing(successful=False)),
        (says(answer(404)), False, UNSENT),
        (says(b""), True, SENT),
        (says(answer(200, LEAD)[:-5]), True, Unreadable()),
        (lambda connection: connection.recv(1), True, SENT),
    ],
)
def test_tls_is_verified_and_tells_sent_from_unsent(
    certificate: Path,
    serve: Serve,
    trusted: bool,  # noqa: FBT001 - pytest passes by keyword
    expected: LookupResult,
) -> None:
    with (
        wire(over_tls(certificate, serve), silent=True) as (url, _),
        client(url.replace("http", "https"), timeout_s=0.5) as made,
    ):
        if trusted:
            made._http._pool.ca_certs = str(certificate)  # type: ignore[attr-defined] # a pool over TLS
        assert made.look_up(profile("jane")).result == expected


# Connections.


def test_a_connection_is_used_again() -> None:
    def twice(connection: socket.socket) -> None:
        connection.sendall(answer(200, LEAD))
        request(connection)
        connection.sendall(answer(404, b"{}"))
        request(connection)
        connection.sendall(answer(200, LEAD))

    with wire(twice) as (url, _), client(url) as made:
        assert isinstance(made.look_up(profile("a")).result, Found)
        assert made.look_up(profile("b")).result == Missing(successful=False)
        assert isinstance(made.look_up(profile("c")).result, Found)


def test_a_connection_that_the_server_has_closed_is_replaced() -> None:
    closed = threading.Event()

    def once(connection: socket.socket) -> None:
        connection.sendall(answer(200, LEAD))
        connection.close()
        closed.set()

    with wire(once, says(answer(200, LEAD))) as (url, _), client(url) as made:
        assert isinstance(made.look_up(profile("a")).result, Found)
        assert closed.wait(30)
        assert isinstance(made.look_up(profile("b")).result, Found)


def test_a_connection_that_rested_is_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MAX_IDLE_S", -1.0)
    with wire(says(answer(200, LEAD)), says(answer(200, LEAD))) as (url, received), client(url) as made:
        assert isinstance(made.look_up(profile("a")).result, Found)
        assert isinstance(made.look_up(profile("b")).result, Found)
        assert len(received) == 2


def test_a_reset_of_a_used_connection_is_in_doubt_once_the_request_was_written() -> None:
    def once_then_leave(connection: socket.socket) -> None:
        connection.sendall(answer(200, LEAD))
        request(connection)

    with wire(once_then_leave) as (url, _), client(url) as made:
        assert isinstance(made.look_up(profile("a")).result, Found)
        assert made.look_up(profile("b")).result == SENT


def test_a_request_that_could_not_be_written_was_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = threading.Event()

    def once_then_reset(connection: socket.socket) -> None:
        connection.sendall(answer(200, LEAD))
        reset(connection)
        connection.close()
        gone.set()

    monkeypatch.setattr(connections._Connection, "is_connected", True)  # the peer leaves right after the check
    with wire(once_then_reset) as (url, _), client(url) as made:
        assert isinstance(made.look_up(profile("a")).result, Found)
        assert gone.wait(30)
        assert made.look_up(profile("b")).result == UNSENT


def test_a_broken_connection_gives_its_place_back() -> None:
    serves = [says(answer(200, LEAD)[:-5]), says(b""), says(answer(500, b"xx")[:-1]), says(answer(200, LEAD))]
    with wire(*serves) as (url, _), client(url, concurrency=1) as made:
        results = [made.look_up(profile("a")).result for _ in serves]
    assert [type(result) for result in results] == [Unreadable, NoAnswer, Unavailable, Found]


def test_never_more_connections_than_concurrency(sandbox: Sandbox) -> None:
    sandbox.switch(latency_s=0.05)
    with client(sandbox.url, concurrency=3) as made, ThreadPoolExecutor(12) as threads:
        results = list(threads.map(lambda n: made.look_up(profile(f"person-{n}")).result, range(24)))
    assert {type(result) for result in results} == {Found}
    assert sandbox.charges()["in_flight_max"] == 3


def test_answers_are_not_mixed_up_between_threads(sandbox: Sandbox) -> None:
    sandbox.switch(latency_s=0.005, latency_sigma=1)
    slugs = [f"person-{n}" for n in range(300)]
    with client(sandbox.url, concurrency=16) as made, ThreadPoolExecutor(16) as threads:
        for slug, result in zip(
            slugs, threads.map(lambda slug: made.look_up(profile(slug)).result, slugs), strict=True
        ):
            assert isinstance(result, Found)
            assert result.lead["linkedin_url"].endswith(f"/{slug}")


# Discretion.


def test_headers_and_no_cookie_in_the_next_request() -> None:
    def sets_cookie(connection: socket.socket) -> None:
        connection.sendall(answer(200, LEAD, Set_Cookie="who=jane; Path=/"))

    with wire(sets_cookie, sets_cookie) as (url, received), client(url) as made:
        made.look_up(profile("a"))
        made.look_up(profile("b"))
    for head in received:
        assert f"x-api-key: {KEY}".encode() in head
        assert f"User-Agent: leadfill/{VERSION}".encode() in head
        assert b"Cookie" not in head


def test_the_environment_is_not_asked_for_a_proxy(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{refused_port()}")
    with client(sandbox.url) as made:
        assert isinstance(made.look_up(profile("jane")).result, Found)


def test_no_key_url_or_person_in_logs_errors_or_repr(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("urllib3").setLevel(logging.NOTSET)
    odd = b"HTTP/1.1 200 OK\r\nbad header\r\nContent-Length: 2\r\n\r\n{}"
    told: list[str] = []
    for sent in (odd, answer(403), answer(200, LEAD), b"", answer(302, b"", Location="/x")):
        with wire(says(sent)) as (url, _), client(url) as made:
            told.append(repr(made))
            try:
                told.append(repr(made.look_up(profile("jane-secret")).result))
            except KeyRejected as error:
                told += [str(error), repr(error), repr(error.__context__)]
    told += [record.getMessage() for record in caplog.records]
    assert not [text for text in told if "jane-secret" in text or KEY in text or "127.0.0.1" in text]


@pytest.mark.parametrize("key", ["", "two words", "line\nbreak", "snow☃"])
def test_a_key_that_cannot_be_sent_is_a_setting(key: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Slintel("https://slintel.example", key, concurrency=1, timeout_s=30)
    assert not key or key not in str(caught.value)


@pytest.mark.parametrize("url", ["", "slintel.example", "ftp://slintel.example", "https://"])
def test_a_base_url_that_cannot_be_called_is_a_setting(url: str) -> None:
    with pytest.raises(SettingsError):
        Slintel(url, KEY, concurrency=1, timeout_s=30)
