"""Honest formulas beside hostile ones: their p99 with and without 50 costly formulas and 10 slow bodies at once.

Run: `python -m benchmarks.hostile` (some minutes). One instance of `formula`, with as many threads as in the cloud,
answers honest formulas about people who are known; then again while costly formulas and bodies that trickle come at the
same time. The ratio of the two is printed for each of several interleaved pairs, and their median beside its limit.
"""

from __future__ import annotations

import socket
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import urlsplit

import click
import requests
from rich.console import Console
from rich.table import Table

from local.stack import stack
from tests.support.costly_expressions import COSTLY
from tests.support.desk import expected, url_of
from tests.support.running import Running, attach

THREADS = 16
"""Requests at once in an instance of `formula`, as deploy/target.py has it."""
PEOPLE = 100
SLOW_BODIES = 10
MAX_RATIO = 1.5
PATH = "/v1/formula"


class Formulas:
    """Asks formulas from many threads, each over a connection of its own."""

    def __init__(self, running: Running, token: str) -> None:
        self.url = running.stack.urls["formula"]
        self.headers = {"Authorization": f"Bearer {token}"}
        self._local = threading.local()

    def ask(self, people: Sequence[str], field: str) -> tuple[float, requests.Response]:
        """One formula over some people; gives how long it took, and the answer."""
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
            self._local.session.trust_env = False
        body = {"urls": [[url_of(slug)] for slug in people], "fields": [field]}
        began_s = time.perf_counter()
        answer = self._local.session.post(self.url + PATH, json=body, headers=self.headers, timeout=120)
        return time.perf_counter() - began_s, answer

    def honest_s(self, number: int) -> float:
        """Seconds until an honest formula has its right answer."""
        slug = slug_of(number)
        took_s, answer = self.ask([slug], "email")
        assert answer.ok, answer.text
        assert answer.json()["values"] == [expected(slug, ["email"])], answer.text
        return took_s

    def neighbour(self, number: int, rows: int, *, plain: bool) -> None:
        """A costly formula, or a plain one of as many rows; it is answered or refused."""
        expressions = list(COSTLY.values())
        people = [slug_of(number + row) for row in range(rows)]
        _, answer = self.ask(people, "email" if plain else f"Costly={expressions[number % len(expressions)]}")
        assert answer.status_code < 500, answer.text


def slug_of(number: int) -> str:
    """Somebody who is known."""
    return f"hostile-{number % PEOPLE}"


@contextmanager
def slow_bodies(url: str) -> Iterator[None]:
    """While the block runs, connections send a byte of a chunked body now and then; a closed one comes again."""
    host, over = urlsplit(url), threading.Event()
    head = f"POST {PATH} HTTP/1.1\r\nHost: {host.netloc}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()

    def trickle() -> None:
        while not over.is_set():
            try:
                with socket.create_connection((host.hostname or "", host.port or 0), timeout=30) as connection:
                    connection.sendall(head)
                    while not over.wait(0.5):
                        connection.sendall(b"1\r\n{\r\n")
            except OSError:
                over.wait(0.5)

    threads = [threading.Thread(target=trickle) for _ in range(SLOW_BODIES)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


@contextmanager
def neighbours(formulas: Formulas, count: int, rows: int, *, again: bool, plain: bool) -> Iterator[None]:
    """While the block runs, other formulas come at once; with `again` each is sent anew once it is answered."""
    over = threading.Event()

    def send(number: int) -> None:
        formulas.neighbour(number, rows, plain=plain)
        while again and not over.is_set():
            formulas.neighbour(number, rows, plain=plain)

    with ThreadPoolExecutor(count) as pool:
        sent = [pool.submit(send, number) for number in range(count)]
        try:
            yield
        finally:
            over.set()
        for future in sent:
            future.result()


def p99_s(formulas: Formulas, count: int, users: int) -> float:
    """Return the 99th percentile of so many honest formulas, from so many users at once."""
    with ThreadPoolExecutor(users) as pool:
        took_s = list(pool.map(formulas.honest_s, range(count)))
    return quantiles(took_s, n=100, method="inclusive")[98]


def measure(
    running: Running, *, honest: int, users: int, hostile: int, rows: int, pairs: int, again: bool, plain: bool
) -> Table:
    """Interleave runs without and with neighbours; gives each pair and the median of their ratios."""
    people = [slug_of(number) for number in range(PEOPLE)]
    spreadsheet = running.sheet([url_of(slug) for slug in people])
    formulas = Formulas(running, running.formula_token(spreadsheet)["token"])
    formulas.ask(people, "email")
    p99_s(formulas, PEOPLE, users)
    table, ratios = Table("pair", "p99 alone", "p99 beside", "ratio"), list[float]()
    for pair in range(1, pairs + 1):
        alone_s = p99_s(formulas, honest, users)
        with slow_bodies(formulas.url), neighbours(formulas, hostile, rows, again=again, plain=plain):
            beside_s = p99_s(formulas, honest, users)
        ratios.append(beside_s / alone_s)
        table.add_row(str(pair), f"{alone_s * 1000:,.0f} ms", f"{beside_s * 1000:,.0f} ms", f"{ratios[-1]:.2f}")
    kind = "plain" if plain else "costly"
    table.caption = (
        f"{honest} honest formulas of {users} users beside {hostile} {kind} ones of {rows} rows"
        f"{', sent again and again,' if again else ''} and {SLOW_BODIES} slow bodies: "
        f"median ratio {median(ratios):.2f} (at most {MAX_RATIO})"
    )
    return table


@click.command()
@click.option("--honest", default=400, show_default=True, help="Honest formulas in each run.")
@click.option("--users", default=100, show_default=True, help="Honest formulas at once.")
@click.option("--hostile", default=50, show_default=True, help="Neighbours at once.")
@click.option("--rows", default=1, show_default=True, help="Rows of each neighbour.")
@click.option("--pairs", default=5, show_default=True)
@click.option("--plain", is_flag=True, help="Let the neighbours be plain formulas: what their rows alone cost others.")
@click.option("--again", is_flag=True, help="Send each neighbour again once it is answered.")
def main(**chosen: int) -> None:
    """Measure honest formulas beside hostile ones."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as closing:
        started = closing.enter_context(stack(Path(folder), THREADS=str(THREADS), FORMULA_CREDITS_PER_DAY="100000"))
        Console().print(measure(attach(started, closing), **chosen))  # type: ignore[arg-type] # click's option is a bool


if __name__ == "__main__":
    main()
