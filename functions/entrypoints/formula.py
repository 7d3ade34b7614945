"""`formula` over HTTP: an entry point that accepts formula tokens and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated

import msgspec
from flask import Flask, request

from functions import formula
from functions.auth.identity_tokens import Access, FormulaToken
from functions.context import AppContext
from functions.entrypoints import flask_app
from functions.entrypoints.flask_app import Header, Route
from functions.store import formula_tokens

MAX_BYTES = 4_000_000


class FormulaBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The request of a formula."""

    urls: Annotated[list[list[str]], msgspec.Meta(max_length=10_000)]
    fields: Annotated[
        list[Annotated[str, msgspec.Meta(max_length=20_000)]],
        msgspec.Meta(min_length=1, max_length=100, description="Names, headers, or comma lists of them"),
    ]
    if_missing: Annotated[str, msgspec.Meta(max_length=1000)] = ""
    deadline: (
        Annotated[datetime, msgspec.Meta(tz=True, description="When the formula can wait no longer for the answer")]
        | None
    ) = None


SPREADSHEET = Header(
    name="X-Spreadsheet-Id",
    schema={"type": "string"},
    description="Where the formula stands; the token must be for it",
)
ROUTE = Route(
    method="POST",
    path="/v1/formula",
    view="answer",
    summary="Values for a formula; served by the entry point `formula`",
    body=FormulaBody,
    answer=formula.FormulaValues,
    headers=(SPREADSHEET,),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Formulas:
    """The view of one deployment."""

    context: AppContext
    access: Access
    credits_per_day: Mapping[str, Decimal]
    """Credits of each provider that all formulas of one spreadsheet may spend in a day; of others none."""
    new_people_per_day: int
    """People, of those who cost nothing, who may become new to the formulas of one spreadsheet in a day."""

    def application(self) -> Flask:
        """The Flask application."""
        return flask_app.build(self, [ROUTE], self._identify, MAX_BYTES)

    def answer(self, caller: FormulaToken, body: FormulaBody) -> formula.FormulaValues:
        """Values for a formula."""
        return formula.answer(
            self.context,
            caller,
            body.urls,
            body.fields,
            body.if_missing,
            credits_per_day=self.credits_per_day,
            new_people_per_day=self.new_people_per_day,
            deadline=body.deadline,
        )

    def _identify(self) -> FormulaToken:
        return self.access.formula_token(
            request.headers.get("Authorization"),
            spreadsheet_id=request.headers.get(SPREADSHEET.name),  # where the caller says it
            find=self._find,
        )

    def _find(self, token_id: str) -> FormulaToken | None:
        with self.context.store.reading() as connection:
            return formula_tokens.find(connection, token_id)
