"""JavaScript modules of the page and the add-on import each other in one direction; import-linter reads Python only."""

from __future__ import annotations

import re
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[2]
IMPORTED = re.compile(r"""(?:from|import)\s*\(?\s*["'](\.[^"']+)["']""")
"""Also the types that a JSDoc comment imports."""


def test_no_script_imports_itself_by_way_of_others() -> None:
    places = (ROOT / "local" / "page", ROOT / "sheets_addon")
    scripts = [
        path.resolve()
        for place in places
        for path in place.rglob("*.*js")
        if path.suffix in {".js", ".mjs"} and "node_modules" not in path.parts
    ]
    imports = {
        path: {(path.parent / name).resolve() for name in IMPORTED.findall(path.read_text(encoding="utf-8"))}
        for path in scripts
    }
    assert sum(map(len, imports.values())) > 40
    TopologicalSorter(imports).prepare()  # raises CycleError, with the circle
