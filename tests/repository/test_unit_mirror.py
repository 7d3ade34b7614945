"""Each module of the pure core has unit tests in a file of its name."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
CORE = (
    "errors.py",
    "outcomes.py",
    "store/job_states.py",
    "credits/*.py",
    "fields/*.py",
    "profiles/*.py",
    "sheets/*.py",
)
WITHOUT_BEHAVIOUR = {"__init__", "lookup_result"}
ELSEWHERE = {
    "anchors": "requests of Google's batchUpdate; tests/contract/test_sheets_api.py",
    "client": "calls of the Sheets API; tests/contract/test_sheets_api.py",
    "temporary_tab": "calls of the Sheets API; tests/promises/test_p5_p6_p8_whatever_google_does.py",
    "timings": "calls of the Sheets API; tests/promises/test_p5_p6_p8_whatever_google_does.py",
    "trials": "calls of the Sheets API; tests/promises/test_p5_p6_p8_whatever_google_does.py",
}


def test_every_module_of_the_core_has_a_unit_test_of_its_name() -> None:
    modules = {path.stem for pattern in CORE for path in (ROOT / "functions").glob(pattern)}
    tested = {path.stem.removeprefix("test_") for path in (ROOT / "tests" / "unit").glob("test_*.py")}
    assert len(modules) > 20
    assert modules - tested - WITHOUT_BEHAVIOUR - set(ELSEWHERE) == set()
    assert set(ELSEWHERE) <= modules - tested, "no longer elsewhere"


def test_every_unit_test_is_named_after_a_module() -> None:
    """A second file about a module is `test_<module>_<concern>.py`."""
    modules = {path.stem for place in ("functions", "local") for path in (ROOT / place).rglob("*.py")}
    tests = {path.stem.removeprefix("test_") for path in (ROOT / "tests" / "unit").glob("test_*.py")}
    beginnings = tuple(f"{module}_" for module in modules)
    assert [name for name in tests - modules if not name.startswith(beginnings)] == []
