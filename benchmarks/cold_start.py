"""From a dead process to the first answered formula, against functions-framework alone.

    python -m benchmarks.cold_start [--rounds 7]

The formula asks for a lead that is known, from a PostgreSQL server on this machine; the other process is a target that
says hello. Both are started in turn, so that whatever else the machine does meets both; medians are compared.
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


@click.command()
@click.option("--rounds", default=7, show_default=True, help="Starts of each.")
def main(rounds: int) -> None:
    """Prints both medians and their ratio; fails where it is above what is promised."""
    with tempfile.TemporaryDirectory() as folder, server() as running:
        database_url = running.address
        token = prepare(database_url)
        hello = Path(folder) / "hello.py"
        hello.write_text(HELLO, encoding="utf-8")
        times: dict[str, list[float]] = {"hello": [], "formula": []}
        for number in range(rounds + 1):
            one = _first_answer("hello", hello, {}, token)
            other = _first_answer("formula", ROOT / "main.py", environment(database_url), token)
            if number:  # the first of each warms the disk's cache and writes bytecode
                times["hello"].append(one)
                times["formula"].append(other)
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    ratio = medians["formula"] / medians["hello"]
    print(f"hello-world: {medians['hello'] * 1000:.0f} ms   formula, a known lead: {medians['formula'] * 1000:.0f} ms")
    print(f"ratio: {ratio:.2f} (at most {AT_MOST})")
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
                assert EMAIL in answer.text or target == "hello", answer.text
                return taken
        finally:
            process.terminate()
            process.wait(20)


if __name__ == "__main__":
    main()
