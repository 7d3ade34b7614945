"""From a dead process to the first answered formula, against functions-framework alone.

    python -m benchmarks.cold_start [--rounds 7]

The formula asks for a lead that is known, from a PostgreSQL server on this machine; another process is a target that
says hello. All are started in turn, so that whatever else the machine does meets each; medians are compared. A target
that says hello after one query over SQLAlchemy and psycopg shows how much of it no code of Leadfill's can save.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import requests

from local.ports import free_port
from tests.support.known_lead import EMAIL, FORMULA, environment, prepare
from tests.support.postgresql import server

ROOT = Path(__file__).parent.parent
AT_MOST = 3.0
HELLO = "def hello(request):\n    return 'hello'\n"
QUERY = """import os
import sqlalchemy
engine = sqlalchemy.create_engine(os.environ["DATABASE_URL"].replace("postgresql:", "postgresql+psycopg:"))
def query(request):
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text("SELECT 1"))
    return "hello"
"""


@click.command()
@click.option("--rounds", default=7, show_default=True, help="Starts of each.")
def main(rounds: int) -> None:
    """Prints both medians and their ratio; fails where it is above what is promised."""
    with tempfile.TemporaryDirectory() as folder, server() as running:
        database_url = running.address
        token = prepare(database_url)
        sources = {"hello": Path(folder) / "hello.py", "query": Path(folder) / "query.py", "formula": ROOT / "main.py"}
        sources["hello"].write_text(HELLO, encoding="utf-8")
        sources["query"].write_text(QUERY, encoding="utf-8")
        times: dict[str, list[float]] = {target: [] for target in sources}
        for number in range(rounds + 1):
            for target, source in sources.items():
                taken = _first_answer(target, source, {} if target == "hello" else environment(database_url), token)
                if number:  # the first of each warms the disk's cache and writes bytecode
                    times[target].append(taken)
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    ratio = medians["formula"] / medians["hello"]
    for target, name in (("hello", "hello-world"), ("query", "with one query"), ("formula", "formula, a known lead")):
        print(f"{name}: {medians[target] * 1000:.0f} ms, {medians[target] / medians['hello']:.2f} times hello-world")
    print(f"at most {AT_MOST} times")
    if ratio > AT_MOST:
        sys.exit(1)


def _first_answer(target: str, source: Path, environ: dict[str, str], token: str) -> float:
    """Seconds from the start of a process to its first answer."""
    port = free_port(0)
    program = str(Path(sys.executable).with_name("functions-framework"))
    command = [program, "--target", target, "--source", str(source), "--host", "127.0.0.1", "--port", str(port)]
    clean = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    with requests.Session() as session:
        session.trust_env = False
        headers = {"Authorization": f"Bearer {token}"}
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=clean | environ | {"FUNCTION_TARGET": target, "THREADS": "8", "WORKERS": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            while True:
                try:
                    url = f"http://127.0.0.1:{port}/v1/formula"
                    answer = session.post(url, json=FORMULA, headers=headers, timeout=30)
                except requests.ConnectionError:
                    assert process.poll() is None, f"{target} ended before it answered"
                    time.sleep(0.002)
                    continue
                taken = time.perf_counter() - started
                assert answer.status_code == 200, answer.text
                assert EMAIL in answer.text or target != "formula", answer.text
                return taken
        finally:
            process.terminate()
            process.wait(20)


if __name__ == "__main__":
    main()
