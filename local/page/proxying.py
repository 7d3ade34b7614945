"""From the page's own origin to the local services, so that the worker's synchronous requests need no permission.

Not an open proxy: only the services that were named at the start, and of the emulator only what a page needs.
"""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from local.page.person import Person

_NOT_PASSED_ON = frozenset(
    {"host", "connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "content-length"}  # per hop
    | {"cookie", "set-cookie", "origin", "referer", "x-forwarded-for", "accept-encoding"}  # the browser's own
    | {"sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest"}
)
_EMULATOR_PATHS = ("v4/", "_emulator/spreadsheets/")
_ANSWER_TIMEOUT_S = 60.0
"""`UrlFetchApp` gives up after about that long."""


def proxy_routes(
    services: Mapping[str, str],
    person: Person,
    http: web.AppKey[aiohttp.ClientSession],
    stand_ins: web.AppKey[aiohttp.ClientSession],
) -> list[web.RouteDef]:
    """`/proxy/{service}/{path}` for each service (name → URL).

    Requests to the emulator carry the person's token and, by the session `stand_ins`, the secret of the stack.
    """

    async def forward(request: web.Request) -> web.StreamResponse:
        service = services.get(request.match_info["service"])
        path = request.match_info["path"]
        to_emulator = request.match_info["service"] == "emulator"
        if service is None or (to_emulator and not path.startswith(_EMULATOR_PATHS)):
            raise web.HTTPNotFound(text=f"Nothing is served at {request.path}.")
        session = request.app[stand_ins if to_emulator else http]
        headers = _passed_on(request.headers)
        if to_emulator and "Authorization" not in headers:
            headers["Authorization"] = f"Bearer {await person.access_token(session)}"
        # The raw path: what was escaped stays escaped.
        raw = request.raw_path.split(f"/proxy/{request.match_info['service']}", 1)[1]
        url = URL(service + raw, encoded=True)
        try:
            return await _exchange(request, session, url, headers, person)
        except (aiohttp.ClientConnectionError, TimeoutError) as error:
            raise web.HTTPBadGateway(
                text=f"{url.origin()} did not answer.", headers={"X-Leadfill-Page": "unreachable"}
            ) from error

    return [web.route("*", "/proxy/{service}/{path:.*}", forward)]


def _passed_on(headers: Mapping[str, str]) -> CIMultiDict[str]:
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in _NOT_PASSED_ON)


async def _exchange(
    request: web.Request, http: aiohttp.ClientSession, url: URL, headers: CIMultiDict[str], person: Person
) -> web.StreamResponse:
    streamed = request.headers.get("Accept") == "text/event-stream"
    timeout = aiohttp.ClientTimeout(total=None if streamed else _ANSWER_TIMEOUT_S, sock_connect=5)
    body = await request.read()
    async with http.request(
        request.method, url, headers=headers, data=body or None, allow_redirects=False, timeout=timeout
    ) as answer:
        if answer.status == 401:
            person.forget_registration()
        response = web.StreamResponse(status=answer.status, headers=_passed_on(answer.headers))
        if not streamed:
            content = await answer.read()
            return web.Response(status=answer.status, headers=_passed_on(answer.headers), body=content)
        await response.prepare(request)
        async for chunk in answer.content.iter_any():
            await response.write(chunk)
        return response
