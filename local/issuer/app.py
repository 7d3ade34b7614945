"""The issuer over HTTP: `GET /certs`, `POST /token`, `/access-token`, `/service-token`, and Google's `/tokeninfo`.

Tokens are made only for who holds the secret of its stack; the certificates and `/tokeninfo` are public, as Google's.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec
from aiohttp import web

from local.issuer.issuing import Issuer
from local.serving import holders_only, json_only


class TokenRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Body of `POST /token`; the meaning of each field is that of `Issuer.token`."""

    email: str
    aud: str
    sub: str = ""
    hd: str | None = None
    email_verified: bool = True
    expires_in: float = 3600
    """Seconds."""


class AccessTokenRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Body of `POST /access-token`; the meaning of each field is that of `Issuer.access_token`."""

    email: str
    aud: str
    sub: str = ""
    expires_in: float = 3600
    """Seconds."""


class ServiceTokenRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Body of `POST /service-token`."""

    email: str
    aud: str


Body = TypeVar("Body", TokenRequest, AccessTokenRequest, ServiceTokenRequest)


def application(issuer: Issuer) -> web.Application:
    """The issuer's aiohttp application."""

    async def certs(_request: web.Request) -> web.Response:
        return web.json_response(issuer.certs, headers={"Cache-Control": "public, max-age=3600, must-revalidate"})

    async def token(request: web.Request) -> web.Response:
        wanted = await _body(request, TokenRequest)
        signed = issuer.token(
            email=wanted.email,
            aud=wanted.aud,
            sub=wanted.sub,
            hd=wanted.hd,
            email_verified=wanted.email_verified,
            expires_in_s=wanted.expires_in,
        )
        return web.json_response({"token": signed, "expires_in": wanted.expires_in})

    async def access_token(request: web.Request) -> web.Response:
        wanted = await _body(request, AccessTokenRequest)
        made = issuer.access_token(email=wanted.email, aud=wanted.aud, sub=wanted.sub, expires_in_s=wanted.expires_in)
        return web.json_response({"token": made, "expires_in": wanted.expires_in})

    async def token_info(request: web.Request) -> web.Response:
        _, _, access_token = request.headers.get("Authorization", "").partition("Bearer ")
        about = issuer.token_info(access_token)
        if about is None:  # in Google's words
            return web.json_response({"error": "invalid_token", "error_description": "Invalid Value"}, status=400)
        return web.json_response(about)

    async def service_token(request: web.Request) -> web.Response:
        wanted = await _body(request, ServiceTokenRequest)
        return web.json_response({"token": issuer.service_token(email=wanted.email, aud=wanted.aud)})

    app = web.Application(middlewares=[json_only])
    app.add_routes(
        [
            web.get("/certs", certs),
            web.post("/token", holders_only(token)),
            web.post("/access-token", holders_only(access_token)),
            web.post("/tokeninfo", token_info),
            web.post("/service-token", holders_only(service_token)),
        ],
    )
    return app


async def _body(request: web.Request, kind: type[Body]) -> Body:
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except msgspec.DecodeError as error:
        raise web.HTTPBadRequest(text=str(error)) from error
