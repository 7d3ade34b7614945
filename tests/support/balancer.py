"""`python -m tests.support.balancer URL…`: one address for many instances, as the cloud gives them.

A request goes to the instance that has the fewest; one that refuses the connection is passed over, one that dies with
a request is not asked again with it: like the cloud, it answers 502 then, and it is the sender's turn.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from itertools import count

import aiohttp
import click
from aiohttp import web

from local.serving import run

KEPT_HEADERS = ("Authorization", "Content-Type")
_CLIENT = web.AppKey("client", aiohttp.ClientSession)


def application(instances: tuple[str, ...]) -> web.Application:
    """Spreads requests over the instances."""
    turns, at_work = count(), Counter[str]()

    async def pass_on(request: web.Request) -> web.Response:
        body = await request.read()
        headers = {
            name: value
            for name, value in request.headers.items()
            if name in KEPT_HEADERS or name.startswith("X-CloudTasks-")
        }
        first = next(turns) % len(instances)
        in_turn = [*instances[first:], *instances[:first]]
        for instance in sorted(in_turn, key=lambda instance: at_work[instance]):
            url = instance + request.path_qs
            at_work[instance] += 1
            try:
                async with request.app[_CLIENT].request(request.method, url, data=body, headers=headers) as answer:
                    return web.Response(
                        status=answer.status, body=await answer.read(), content_type=answer.content_type
                    )
            except aiohttp.ClientConnectorError:
                continue
            except aiohttp.ClientError:
                return web.Response(status=502)
            finally:
                at_work[instance] -= 1
        return web.Response(status=503, headers={"Retry-After": "1"})

    async def client(app: web.Application) -> AsyncIterator[None]:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=2)
        async with aiohttp.ClientSession(timeout=timeout, trust_env=False) as session:
            app[_CLIENT] = session
            yield

    app = web.Application()
    app.cleanup_ctx.append(client)
    app.router.add_route("*", "/{path:.*}", pass_on)
    return app


@click.command()
@click.option("--port", default=0, show_default=True, help="0 takes any free one.")
@click.option("--with-parent", is_flag=True, help="Exit when standard input ends.")
@click.argument("instances", nargs=-1, required=True)
def main(*, port: int, with_parent: bool, instances: tuple[str, ...]) -> None:
    """Spread requests over INSTANCES (URLs)."""
    run(lambda _url: application(instances), port=port, with_parent=with_parent)


if __name__ == "__main__":
    main()
