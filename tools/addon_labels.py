"""Writes sheets_addon/SidebarLabels.html from the enums: `python -m tools.addon_labels`; a test holds them equal."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from functions.credits.plan import PlanPart
from functions.outcomes import LeftOut, Outcome
from functions.profiles.parsing import Reason
from functions.providers.registry import REGISTRY
from functions.store.job_states import LIVE, JobState

PAGE = Path(__file__).parent.parent / "sheets_addon" / "SidebarLabels.html"


def page() -> str:
    """Return the text of sheets_addon/SidebarLabels.html."""
    outcomes = {outcome: {"label": outcome.label, "meaning": outcome.meaning} for outcome in Outcome}
    parts = [{"kind": part.value, "label": part.label, "meaning": part.meaning} for part in PlanPart]
    kinds = " | ".join(json.dumps(part.value) for part in PlanPart)
    return f"""\
<script>
// @ts-check
/** The names of things on the screen. Made from functions/ by `python -m tools.addon_labels`. */

{_constant("OUTCOMES", "Record<Outcome, { label: string, meaning: string }>", outcomes)}
{_constant("STATES", "Record<JobState, string>", {state: state.label for state in JobState})}
{_constant("LIVE_STATES", "JobState[]", _values(LIVE))}
{_constant("PLAN_PARTS", f"{{ kind: {kinds}, label: string, meaning: string }}[]", parts)}
{_constant("UNUSABLE_REASONS", "Record<string, string>", {reason: reason.label for reason in Reason})}
{_constant("LEFT_OUT_REASONS", "Record<string, string>", {reason: reason.label for reason in LeftOut})}
{_constant("PROVIDERS", "Record<string, string>", {name: one.label for name, one in REGISTRY.items()})}\
</script>
"""


def _values(states: Iterable[JobState]) -> list[str]:
    return [state.value for state in states]


def _constant(name: str, kind: str, value: object) -> str:
    return f"/** @type {{{kind}}} */\nconst {name} = {json.dumps(value, indent=2, ensure_ascii=False)};\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"Wrote {PAGE}.")
