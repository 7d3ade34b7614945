"""Access to the page: for those who have the address printed at its start, and the browser that opened it once.

The page acts in the name of the person at the keyboard, and every user of the machine reaches its port. So the printed
address holds a key; it becomes a cookie that other sites' pages do not send and that no script can read.
"""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

from aiohttp import web

from local.serving import Handler

CLOSED = "Open the address that was printed when Leadfill was started: it holds the key to this page."


class Door:
    """The key of the page at `url`."""

    def __init__(self, url: str, key: str) -> None:
        self._key = key
        self._cookie = f"leadfill-{urlsplit(url).port}"
        """Browsers keep the cookies of all ports of a machine together."""

    @web.middleware
    async def let_in(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answers who holds the key; tells everybody else which address to open."""
        if request.path == "/" and self._fits(request.query.get("key", "")):
            raise self._opened(request)
        if not self._fits(request.cookies.get(self._cookie, "")):
            raise web.HTTPForbidden(text=CLOSED)
        return await handler(request)

    def _fits(self, key: str) -> bool:
        return hmac.compare_digest(key.encode("utf-8", "surrogateescape"), self._key.encode())

    def _opened(self, request: web.Request) -> web.HTTPSeeOther:
        """On to the same address without the key, so that it stands neither in the history nor in a bookmark."""
        answer = web.HTTPSeeOther(request.rel_url.without_query_params("key"))
        answer.set_cookie(self._cookie, self._key, httponly=True, samesite="Strict", path="/")
        answer.headers["Cache-Control"] = "no-store"
        return answer
