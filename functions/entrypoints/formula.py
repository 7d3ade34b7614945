"""`formula` over HTTP: the one public entry point; it accepts formula tokens and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask, Response, json, request

from functions import formula
from functions.auth.access import Access
from functions.context import AppContext
from functions.entrypoints import bodies, problems, requests
from functions.entrypoints.problems import as_private, remember_trace
from functions.store import revocations

MAX_BYTES = 4_000_000


@dataclass(frozen=True, slots=True)
class Formulas:
    """The view of one deployment."""

    context: AppContext
    access: Access
    credits_per_day: int
    """What all formulas of one spreadsheet may spend in a day."""

    def application(self) -> Flask:
        """The Flask application."""
        app = Flask("leadfill", static_folder=None)
        bodies.guard(app, MAX_BYTES)
        problems.handle(app)
        app.add_url_rule("/v1/formula", "formula", self.answer, methods=["POST"], provide_automatic_options=False)
        app.before_request(remember_trace)
        app.after_request(as_private)
        return app

    def answer(self) -> Response:
        """Values for a formula."""
        token = self.access.formula_token(
            request.headers.get("Authorization"),
            spreadsheet_id=request.headers.get("X-Spreadsheet-Id"),  # where the caller says it
            revoked=self._is_revoked,
        )
        body = requests.decode(request.get_data(), requests.FormulaBody)
        answer = formula.answer(
            self.context, token, body.urls, body.fields, body.if_missing, credits_per_day=self.credits_per_day
        )
        text = json.dumps({"values": answer.values, "pending": answer.pending})
        return Response(text, content_type="application/json")

    def _is_revoked(self, token_id: str) -> bool:
        with self.context.store.reading() as connection:
            return revocations.is_revoked(connection, token_id)
