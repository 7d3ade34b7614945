"""P11: a web page from elsewhere cannot use the servers that `make run` starts, by its own name or by DNS rebinding."""

from __future__ import annotations

import pytest
import requests
from aiohttp import web

from local.serving import serving
from tests.support.running import Running, running_fixture

__all__ = ["running_fixture"]

FOREIGN = {
    "a rebound name": {"Host": "evil.example"},
    "a rebound name with our port": {"Host": "evil.example:8085"},
    "a name that begins like ours": {"Host": "localhost.evil.example"},
    "a foreign page": {"Origin": "https://evil.example"},
    "a page without an origin": {"Origin": "null"},
    "no address at all": {"Origin": "http://[::1"},
}
PARTS = ("issuer", "sandbox", "emulator")


@pytest.mark.parametrize("headers", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("part", PARTS)
def test_every_server_here_refuses_foreign_pages(running: Running, part: str, headers: dict[str, str]) -> None:
    for method in ("GET", "POST", "PUT", "DELETE"):
        answer = running.session.request(
            method, f"{running.stack.urls[part]}/_anything", headers=headers, json={}, timeout=10
        )
        assert answer.status_code == 403
        assert "evil" not in answer.text


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
@pytest.mark.parametrize(("part", "path"), [("issuer", "token"), ("sandbox", "_x"), ("emulator", "_emulator/tokens")])
def test_a_form_is_not_taken_for_json(running: Running, part: str, path: str, kind: str) -> None:
    answer = running.session.post(
        f"{running.stack.urls[part]}/{path}", data=b'{"a": 1}', headers={"Content-Type": kind}, timeout=10
    )
    assert answer.status_code == 415


def test_a_server_needs_to_do_nothing_for_it() -> None:
    async def hello(_request: web.Request) -> web.Response:
        return web.Response(text="hello")

    def build(_url: str) -> web.Application:
        app = web.Application()
        app.router.add_get("/", hello)
        return app

    with serving(build) as url:
        assert requests.get(url, timeout=10).text == "hello"
        assert requests.get(url, headers={"Host": "evil.example"}, timeout=10).status_code == 403
