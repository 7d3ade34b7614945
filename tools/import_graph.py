"""Prints the import graph of `functions/` and checks the whole repository for circles: `python -m tools.import_graph`.

Exits with 1 if `functions/` has too many parts, if a part imports upwards, or if modules, parts or folders import each
other in a circle. JavaScript files count as well as Python modules.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp

ROOT = Path(__file__).parent.parent
PACKAGES = ("functions", "local", "tests", "benchmarks", "deploy", "tools")
SCRIPTS = ("local/page", "sheets_addon/tests")
"""Folders of JavaScript modules; the add-on's own files are scripts of one scope, which import nothing."""
MAX_PARTS = 22
"""Packages and modules on the top level of `functions/`: more than that, nobody keeps in mind."""

Graph = Mapping[str, Iterable[str]]
_IMPORT = re.compile(r"""(?:\bfrom|\bimport\(?)\s*["'](\.[^"']+)["']""")


def python_imports() -> dict[str, set[str]]:
    """Return which Python modules each Python module imports, imports inside of functions included."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    return {module: set(graph.find_modules_directly_imported_by(module)) for module in graph.modules}


def script_imports(root: Path = ROOT, folders: Iterable[str] = SCRIPTS) -> dict[str, set[str]]:
    """Return which JavaScript files each JavaScript file imports, as paths from `root`."""
    paths = [
        path
        for folder in folders
        for path in (root / folder).rglob("*.*js")
        if "node_modules" not in path.parts and path.suffix in {".js", ".mjs"}
    ]
    imports: dict[str, set[str]] = {}
    for path in paths:
        targets = ((path.parent / name).resolve() for name in _IMPORT.findall(path.read_text(encoding="utf-8")))
        inside = (target for target in targets if target.is_relative_to(root))
        imports[str(path.relative_to(root))] = {str(target.relative_to(root)) for target in inside}
    return imports


def merged(graph: Graph, part_of: Callable[[str], str]) -> dict[str, dict[str, int]]:
    """Return how many imports lead from one part to another, where `part_of` names the part of a module."""
    arrows: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for module, targets in graph.items():
        here = arrows[part_of(module)]
        for target in targets:
            if part_of(target) != part_of(module):
                here[part_of(target)] += 1
    return {part: dict(targets) for part, targets in arrows.items()}


def circle(graph: Graph) -> list[str]:
    """Return a circle of imports, its first member repeated at the end; empty where there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found: list[str] = error.args[1][::-1]  # graphlib lists who is imported first
        return found
    return []


def parts_of_functions(graph: Graph) -> dict[str, dict[str, int]]:
    """Return the imports between the packages and modules on the top level of `functions/`."""
    inside = {
        module: [target for target in targets if target.startswith("functions.")]
        for module, targets in graph.items()
        if module.startswith("functions.")
    }
    return merged(inside, lambda module: module.split(".")[1])


def floors() -> dict[str, int]:
    """Return the floor of each part of `functions/`, from 0 at the top, as `pyproject.toml` has them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    return {part: floor for floor, layer in enumerate(layers) for part in layer.split(" | ")}


def faults(parts: Mapping[str, Mapping[str, int]], python: Graph, scripts: Graph) -> list[str]:
    """Return what is wrong with the graphs, one sentence each."""
    height = floors()
    found = [f"functions/ has {len(parts)} parts; at most {MAX_PARTS} are allowed."] if len(parts) > MAX_PARTS else []
    found += [
        f"{part} imports {target}, which is not below it."
        for part, targets in parts.items()
        for target in targets
        if height[target] <= height[part]
    ]
    folders = merged(python, lambda module: module.split(".")[0])
    for name, graph in (("functions/", parts), ("modules", python), ("folders", folders), ("scripts", scripts)):
        if way := circle(graph):
            found.append(f"There is a circle in {name}: {' → '.join(way)}.")
    return found


def main() -> None:
    """Print the graph of `functions/`, the counts, and what is wrong."""
    python, scripts = python_imports(), script_imports()
    parts, height = parts_of_functions(python), floors()
    for part in sorted(parts, key=lambda part: (height[part], part)):
        targets = sorted(parts[part].items(), key=lambda item: (height[item[0]], item[0]))
        arrows = "  ".join(target if count == 1 else f"{target} ({count})" for target, count in targets)
        print(f"{height[part]:>3}  {part:<13} {arrows}".rstrip())
    print(
        f"functions/: {len(parts)} parts, {sum(map(len, parts.values()))} arrows, {max(height.values()) + 1} floors.\n"
        f"Repository: {len(python)} Python modules and {len(scripts)} JavaScript files, "
        f"{sum(map(len, python.values())) + sum(map(len, scripts.values()))} imports."
    )
    if found := faults(parts, python, scripts):
        sys.exit("\n".join(found))
    print("No import leads upwards, and there is no circle.")


if __name__ == "__main__":
    main()
