"""Runs under gcloud's own Python: gcloud as it is, loaded once; each command runs in a process forked from this one.

A deployment asks for hundreds of commands, and gcloud spends most of each on loading itself.
Arguments: where gcloud is installed; the socket to listen at; a JSON file with commands whose code is loaded before.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import traceback
from pathlib import Path

root, address, lines = sys.argv[1:]
sys.path[:0] = [f"{root}/lib", f"{root}/lib/third_party"]

from googlecloudsdk import gcloud_main  # type: ignore[import-not-found] # noqa: E402 - found on the path above
from googlecloudsdk.calliope import cli as calliope  # type: ignore[import-not-found] # noqa: E402 - found on the path above


def run(asked: dict[str, object]) -> int:
    """One command, as `gcloud` itself would run it → its exit code."""
    os.chdir(str(asked["cwd"]))
    os.environ.clear()
    os.environ.update(asked["environ"])  # type: ignore[call-overload] # JSON that the shim below wrote
    sys.argv = [f"{root}/lib/gcloud.py", *asked["words"]]  # type: ignore[misc] # gcloud reads it
    try:
        gcloud_main.main(cli)
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else int(bool(error.code))
    except BaseException:  # noqa: BLE001 - whatever it is, who asked must hear of it
        traceback.print_exc()
        return 1
    return 0


cli = gcloud_main.CreateCLI([])
for words in json.loads(Path(lines).read_text(encoding="utf-8")):
    cli._CLI__parser.parse_args(calliope._ApplyFlagsFile(words))
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
    server.bind(address)
    server.listen()
    while True:
        connection, _ = server.accept()
        message, streams, _, _ = socket.recv_fds(connection, 1 << 17, 3)
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for number, stream in enumerate(streams):
                os.dup2(stream, number)
            code = run(json.loads(message))
            sys.stdout.flush()
            sys.stderr.flush()
            connection.send(bytes([code]))
            os._exit(code)
        for stream in streams:
            os.close(stream)
        connection.close()
