"""A route and the view that answers it agree on what goes in and what comes out, and nobody gets in by an omission."""

from __future__ import annotations

from typing import Any, get_type_hints

import pytest

from functions.auth.identity_tokens import Caller, FormulaToken
from functions.entrypoints import worker
from functions.entrypoints.api import Api
from functions.entrypoints.flask_app import Reply, Route
from functions.entrypoints.formula import ROUTE, Formulas
from functions.entrypoints.routes import ROUTES

PUBLIC = {"/healthz", "/v1/openapi.json"}
WIRED: list[tuple[type, Route]] = [
    *((Api, route) for route in ROUTES),
    (Formulas, ROUTE),
    (worker.WorkerApp, worker.RUN),
    (worker.WorkerApp, worker.SWEEP),
]


def given(route: Route) -> dict[str, Any]:
    """The arguments that a view of this route is called with, `caller` aside."""
    parts = {part.strip("{}"): str for part in route.path.split("/") if part.startswith("{")}
    headers = {header.argument: str if header.required else str | None for header in route.headers if header.argument}
    bodies = {name: kind for name, kind in (("query", route.query), ("body", route.body)) if kind is not None}
    return {**parts, **headers, **bodies}


@pytest.mark.parametrize(("views", "route"), WIRED, ids=lambda value: getattr(value, "view", ""))
def test_a_view_takes_what_its_route_has_and_gives_what_it_says(views: type, route: Route) -> None:
    hints = get_type_hints(getattr(views, route.view))
    assert hints.pop("caller", Caller) in {Caller, FormulaToken}
    told: Any = route.answer or type(None)
    gives = {told, Reply[told], told | Reply[told]} if route.replays else {told}
    assert hints.pop("return") in gives
    assert hints == given(route)


def test_only_what_tells_nothing_is_public() -> None:
    assert {route.path for _, route in WIRED if route.is_public} == PUBLIC
