"""The API over HTTP: decode, call, encode. docs/openapi.json describes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, json, request

from functions import logs
from functions.auth.access import Access, Caller
from functions.context import AppContext
from functions.entrypoints import bodies, openapi, problems, requests, responses
from functions.entrypoints.problems import as_private, remember_trace
from functions.errors import Forbidden, InvalidRequest, Unauthenticated
from functions.jobs import service, usage
from functions.outcomes import Outcome
from functions.profiles import parse
from functions.store import erasures, jobs, revocations
from functions.store.jobs import Job

MAX_BYTES = 1_000_000
PAGE_ROWS = 500
RECENT_JOBS = 20


@dataclass(frozen=True, slots=True)
class Api:
    """The views of one deployment."""

    context: AppContext
    access: Access

    def application(self) -> Flask:
        """The Flask application."""
        app = Flask("leadfill", static_folder=None)
        bodies.guard(app, MAX_BYTES)
        app.json.ensure_ascii = False  # type: ignore[attr-defined] # of Flask's default provider
        problems.handle(app)
        rules: list[tuple[str, str, Callable[..., Any]]] = [
            ("GET", "/healthz", self.healthz),
            ("GET", "/v1/openapi.json", self.describe),
            ("GET", "/v1/fields", self.fields),
            ("POST", "/v1/plan", self.plan),
            ("POST", "/v1/jobs", self.start),
            ("GET", "/v1/jobs", self.list),
            ("GET", "/v1/jobs/<job_id>", self.show),
            ("GET", "/v1/jobs/<job_id>/rows", self.rows),
            ("POST", "/v1/jobs/<job_id>/cancel", self.cancel),
            ("POST", "/v1/jobs/<job_id>/retry", self.retry),
            ("POST", "/v1/jobs/<job_id>/undo", self.undo),
            ("POST", "/v1/jobs/<job_id>/access", self.renew_access),
            ("POST", "/v1/formula-tokens", self.formula_token),
            ("DELETE", "/v1/formula-tokens/<token_id>", self.revoke),
            ("GET", "/v1/usage", self.usage),
            ("DELETE", "/v1/leads", self.erase_by_query),
            ("POST", "/v1/erasures", self.erase),
            ("POST", "/v1/erasures/lift", self.lift),
        ]
        for method, path, view in rules:
            app.add_url_rule(path, f"{method} {path}", view, methods=[method], provide_automatic_options=False)
        app.before_request(remember_trace)
        app.after_request(as_private)
        return app

    def healthz(self) -> Response:
        """The process is up and the store can be reached."""
        with self.context.store.reading() as connection:
            jobs.of_spreadsheet(connection, "", 1)
        return _json({"status": "ok"})

    def describe(self) -> Response:
        """The OpenAPI document."""
        return _json(openapi.document())

    def fields(self) -> Response:
        """The catalogue."""
        self._caller()
        return _json(responses.catalogue())

    def plan(self) -> Response:
        """What a run would do and cost."""
        caller, token = self._caller(), _sheet_token()
        job_request = requests.decode(request.get_data(), requests.PlanBody).job_request()
        scan, plan = service.plan_run(self.context, job_request, caller, token)
        return _json(responses.plan(scan, plan))

    def start(self) -> Response:
        """Starts a job."""
        caller, token = self._caller(), _sheet_token()
        key = request.headers.get("Idempotency-Key", "")
        if not 8 <= len(key) <= 200 or not key.isascii() or not key.isprintable():
            raise InvalidRequest("The header Idempotency-Key must hold 8 to 200 characters, made once a confirmation.")
        body = requests.decode(request.get_data(), requests.JobBody)
        job = service.start(
            self.context, body.job_request(), caller, token, max_credits=body.max_credits, idempotency_key=key
        )
        return self._job(job, 202)

    def list(self) -> Response:
        """The newest jobs of a spreadsheet."""
        caller, spreadsheet_id = self._caller(), request.args.get("spreadsheet_id", "")
        if not spreadsheet_id:
            raise InvalidRequest("Say which spreadsheet: ?spreadsheet_id=….")
        with self.context.store.reading() as connection:
            found = jobs.of_spreadsheet(connection, spreadsheet_id, RECENT_JOBS)
        if any(job.user_id != caller.subject for job in found):
            everybody = service.may_open(self.context, spreadsheet_id, request.headers.get("X-Sheets-Access-Token"))
            found = [job for job in found if everybody or job.user_id == caller.subject]
        return _json({"jobs": [responses.job(self.context, job) for job in found]})

    def show(self, job_id: str) -> Response:
        """One job."""
        return self._job(self._visible(job_id))

    def rows(self, job_id: str) -> Response:
        """Reports of a job's rows."""
        job = self._visible(job_id)
        try:
            outcome = Outcome(request.args["outcome"]) if request.args.get("outcome") else None
            after = int(request.args.get("page_token") or -1)
            if not -1 <= after < 2**31:
                raise ValueError  # noqa: TRY301 - the same sentence
        except ValueError:
            raise InvalidRequest(
                "`outcome` must be one of a row's outcomes, and `page_token` one that was given."
            ) from None
        with self.context.store.reading() as connection:
            page = jobs.page_of_rows(connection, job.id, outcome, after, PAGE_ROWS)
        more = str(page[-1].position) if len(page) == PAGE_ROWS else None
        return _json({"rows": [responses.row(row) for row in page], "next_page_token": more})

    def cancel(self, job_id: str) -> Response:
        """Stops a job."""
        return self._job(service.cancel(self.context, self._visible(job_id)))

    def retry(self, job_id: str) -> Response:
        """Tries what did not work again."""
        job, token = self._visible(job_id, to_write=True), _sheet_token()
        body = requests.decode(request.get_data(), requests.RetryBody)
        again = service.retry(
            self.context, job, token, retry_in_doubt=body.retry_in_doubt, max_credits=body.max_credits
        )
        return self._job(again, 202)

    def undo(self, job_id: str) -> Response:
        """Gives the cells back what they held."""
        job, token = self._visible(job_id, to_write=True), _sheet_token()
        return self._job(service.undo(self.context, job, token), 202)

    def renew_access(self, job_id: str) -> Response:
        """Hands a job a fresh access token."""
        job, token = self._visible(job_id, to_write=True), _sheet_token()
        return self._job(service.renew_access(self.context, job, token))

    def formula_token(self) -> Response:
        """A token for the formulas of one spreadsheet, which its maker can open."""
        caller, token = self._caller(), _sheet_token()
        body = requests.decode(request.get_data(), requests.FormulaTokenBody)
        if not service.may_open(self.context, body.spreadsheet_id, token):
            raise Forbidden("This account cannot open that spreadsheet, so it cannot let its formulas ask.")
        text, made = self.access.issue_formula_token(caller, body.spreadsheet_id)
        answer = {"token": text, "token_id": made.token_id, "expires_at": made.expires_at.isoformat()}
        return _json(answer, 201)

    def revoke(self, token_id: str) -> Response:
        """Ends a formula token."""
        self._caller()
        with self.context.store.writing() as connection:
            revocations.revoke(connection, token_id[:200], self.context.clock())
        return Response(status=204)

    def usage(self) -> Response:
        """Credits by day, user and spreadsheet."""
        caller = self._caller()
        try:
            days = int(request.args.get("days", "30"))
        except ValueError:
            days = 0
        if not 1 <= days <= 366:
            raise InvalidRequest("`days` must be a number from 1 to 366.")
        return _json(usage.report(self.context, caller, days))

    def erase_by_query(self) -> Response:
        """Erases a person whom the address names; what logs addresses then knows them, so `erase` is better."""
        self._caller()
        return self._erase(request.args.get("linkedin_url", ""))

    def erase(self) -> Response:
        """Erases a person."""
        self._caller()
        return self._erase(requests.decode(request.get_data(), requests.PersonBody).linkedin_url)

    def _erase(self, linkedin_url: str) -> Response:
        key = parse(linkedin_url).key
        with self.context.store.writing() as connection:
            erasures.erase(connection, key, self.context.clock())
        logs.event("A person was erased.")
        return Response(status=204)

    def lift(self) -> Response:
        """Lets an erased person be looked up again."""
        self._caller()
        key = parse(requests.decode(request.get_data(), requests.PersonBody).linkedin_url).key
        with self.context.store.writing() as connection:
            erasures.lift(connection, key)
        return Response(status=204)

    def _caller(self) -> Caller:
        return self.access.caller(request.headers.get("Authorization"))

    def _visible(self, job_id: str, *, to_write: bool = False) -> Job:
        """The job, for who started it or brings the key to its spreadsheet; to write, everybody must bring it."""
        caller, token = self._caller(), request.headers.get("X-Sheets-Access-Token")
        job = service.find_visible(self.context, job_id, caller, token)
        if to_write and not service.may_open(self.context, job.spreadsheet_id, _sheet_token()):
            raise Forbidden("This account cannot open the spreadsheet of this run.")
        return job

    def _job(self, job: Job, status: int = 200) -> Response:
        return _json(responses.job(self.context, job), status)


def _sheet_token() -> str:
    token = request.headers.get("X-Sheets-Access-Token", "").strip()
    if not token or len(token) > 4096 or not token.isascii() or not token.isprintable() or " " in token:
        raise Unauthenticated(
            "The spreadsheet's access token is missing (header X-Sheets-Access-Token); sign in again."
        )
    return token


def _json(body: object, status: int = 200) -> Response:
    return Response(json.dumps(body), status=status, content_type="application/json")
