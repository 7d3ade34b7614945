"""Imports lead downwards only and in no circle, anywhere in the repository; `make graph` shows them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import import_graph


@pytest.fixture(scope="module")
def python() -> dict[str, set[str]]:
    return import_graph.python_imports()


def test_no_import_leads_upwards_and_none_in_a_circle(python: dict[str, set[str]]) -> None:
    scripts = import_graph.script_imports()
    assert "local/page/standins/host.js" in scripts["local/page/node/host.mjs"]
    assert "functions.store.database" in python["tests.support.enrichers"] | python["functions.store.claims"]
    assert import_graph.faults(import_graph.parts_of_functions(python), python, scripts) == []


def test_every_fault_is_found(python: dict[str, set[str]], tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text('import { b } from "./b.js";\n')
    (tmp_path / "b.js").write_text('/** @typedef {import("./a.js").A} A */\n')
    scripts = import_graph.script_imports(tmp_path, ["."])
    python = python | {
        "functions.errors": {"functions.store.claims"},
        "functions.store.claims": {"functions.errors"},
        "local.run": {"tests.support.waiting"},
        "tests.support.waiting": {"local.run"},
    }
    parts = import_graph.parts_of_functions(python)
    parts |= {f"part{number}": {} for number in range(import_graph.MAX_PARTS)}
    found = "\n".join(import_graph.faults(parts, python, scripts))
    for words in (
        "at most 22 are allowed",
        "errors imports store, which is not below it.",
        "a circle in functions/: ",
        "a circle in modules: ",
        "a circle in folders: ",
        "a circle in scripts: ",
    ):
        assert words in found


def test_the_graph_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    import_graph.main()
    said = capsys.readouterr().out
    assert "functions/: " in said
    assert "No import leads upwards" in said
