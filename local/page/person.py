"""The user of the page: an OpenID token from the local issuer, and an access token that the Sheets emulator knows."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import aiohttp
from aiohttp import web


class Person:
    """One user of the page, with the tokens that Apps Script would give to them.

    `http` is a session that sends the secret of the stack: the issuer and the emulator ask for it.
    """

    def __init__(self, *, email: str, audience: str, issuer: str, emulator: str) -> None:
        self.email = email
        self._audience = audience
        self._issuer = issuer
        self._emulator = emulator
        self._access_token, self._valid_until = "", 0.0
        self._known_until = 0.0
        self._opening = asyncio.Lock()

    async def identity_token(self, http: aiohttp.ClientSession) -> str:
        """Return a fresh OpenID token."""
        answer = await _post(http, f"{self._issuer}/token", {"email": self.email, "aud": self._audience})
        return str(answer["token"])

    async def access_token(self, http: aiohttp.ClientSession) -> str:
        """Return the access token for the Sheets API, registered at the emulator."""
        if time.monotonic() >= self._known_until:
            if time.monotonic() >= self._valid_until:
                about = {"email": self.email, "aud": self._audience}
                made = await _post(http, f"{self._issuer}/access-token", about)
                self._access_token = str(made["token"])
                self._valid_until = time.monotonic() + made["expires_in"] / 2
            body = {"token": self._access_token, "email": self.email, "spreadsheets": "*"}
            await _post(http, f"{self._emulator}/_emulator/tokens", body)
            self._known_until = time.monotonic() + 60
        return self._access_token

    def forget_registration(self) -> None:
        """Register the access token again before its next use: the emulator did not know it, it may be a new one."""
        self._known_until = 0.0

    async def spreadsheets(self, http: aiohttp.ClientSession) -> list[dict[str, str]]:
        """Return id and title of each spreadsheet of the emulator; makes one where there is none."""
        async with self._opening:  # two windows that open at once shall see one spreadsheet
            url = f"{self._emulator}/_emulator/spreadsheets"
            async with http.get(url) as response:
                there = await response.json() if response.ok else {}
            listed = there.get("spreadsheets") or [await _post(http, url, {"title": "Leads"})]
            return [{"id": each["spreadsheetId"], "title": each["title"]} for each in listed]


async def _post(http: aiohttp.ClientSession, url: str, body: dict[str, Any]) -> Any:  # noqa: ANN401  # decoded JSON
    try:
        async with http.post(url, json=body) as response:
            if not response.ok:
                raise web.HTTPBadGateway(text=f"{url} answered {response.status}: {await response.text()}")
            return await response.json()
    except aiohttp.ClientConnectionError as error:
        raise web.HTTPBadGateway(text=f"{url} cannot be reached.") from error


def person_routes(person: Person, stand_ins: web.AppKey[aiohttp.ClientSession]) -> list[web.RouteDef]:
    """`GET /identity/openid` and `GET /identity/access`, each `{"token": …}`."""

    async def openid(request: web.Request) -> web.Response:
        token = await person.identity_token(request.app[stand_ins])
        return web.json_response({"token": token}, headers={"Cache-Control": "no-store"})

    async def access(request: web.Request) -> web.Response:
        token = await person.access_token(request.app[stand_ins])
        return web.json_response({"token": token}, headers={"Cache-Control": "no-store"})

    return [web.get("/identity/openid", openid), web.get("/identity/access", access)]
