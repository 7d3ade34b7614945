"""Every end of the command has its exit code and its sentence, and with --json a line for scripts."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import click
import pytest

from local.command.wiring import INTERRUPTED, REFUSED, errors_said, new_console, print_json
from local.lists.errors import BadFile
from tests.support.command import ROOT

PRINTS = "from local.command.wiring import *\nwith errors_said(new_console()): print('a line')"


@pytest.mark.parametrize("ends", [KeyboardInterrupt(), click.Abort()])
def test_ctrl_c_before_the_first_lookup_has_the_code_of_an_interruption(
    ends: BaseException, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended, errors_said(new_console()):
        raise ends
    assert ended.value.code == INTERRUPTED
    assert "Interrupted. Nothing more was done or spent." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "slug", "detail"),
    [
        (BadFile("leads.csv is empty."), "bad-file", "leads.csv is empty."),
        (
            PermissionError(13, "Permission denied", "out.csv.part"),
            "not-written",
            "out.csv cannot be written (Permission denied). The leads that were paid for are kept.",
        ),
    ],
)
def test_an_error_is_printed_for_people_and_for_scripts(
    error: Exception, slug: str, detail: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended, errors_said(new_console(), as_json=True):
        raise error
    said = capsys.readouterr()
    assert ended.value.code == REFUSED
    assert json.loads(said.out) == {"error": slug, "detail": detail}
    assert f"Error: {detail}" in said.err


def test_a_title_with_a_stray_byte_is_json_all_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"url_column": "Stra\udcdfe", "city": "Łódź"})
    assert json.loads(capsys.readouterr().out) == {"url_column": "Stra\udcdfe", "city": "Łódź"}


def test_a_reader_that_has_gone_is_said_without_a_traceback() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-c", PRINTS], stdout=writing, stderr=subprocess.PIPE, cwd=ROOT, timeout=60, check=False
    )
    os.close(writing)
    assert done.returncode == REFUSED
    said = " ".join(done.stderr.decode().split())
    assert said == "Error: Standard output was closed before all was written. The leads that were paid for are kept."
