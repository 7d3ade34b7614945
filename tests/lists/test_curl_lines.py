"""The commands that `make run` prints name the people of the file that was opened."""

from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path

from local.curl_lines import body_for, commands


def test_the_range_is_where_the_people_are() -> None:
    """Below a title, in whichever column, in a tab whose name needs quotes; blank cells and notes are no people."""
    rows = [["", "Leads of spring"], [], ["Who", "", "Profile"]]
    rows += [["Ada", "", "https://www.linkedin.com/in/ada"], [], ["Bob", "", "linkedin.com/in/bob"], ["a note"]]
    body = body_for(rows, "Bob's leads")
    assert body == {"range": "'Bob''s leads'!C4:C6", "fields": ["email", "title", "company", "size"]}
    assert body_for([["Name", "Company"], ["Ada", "linkedin.com/company/x"]], "Leads") is None
    assert body_for([], "Leads") is None


def test_a_shell_passes_the_body_on_as_it_is(tmp_path: Path) -> None:
    """Also with an apostrophe in the tab's name; the ceiling is a credit for each row."""
    body = body_for([["it"], ["linkedin.com/in/ada"], ["linkedin.com/in/bob"]], "Bob's leads")
    assert body is not None
    plan, job = commands("http://127.0.0.1:1", tmp_path / "headers.txt", body, "prospeo")
    given = subprocess.run(["/bin/sh", "-c", f"printf %s {plan.partition(' -d ')[2]}"], capture_output=True, check=True)
    assert json.loads(given.stdout) == body
    assert json.loads(shlex.split(job)[-1]) == body | {"max_credits": {"prospeo": "2"}}
