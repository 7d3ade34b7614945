"""The calls of `api` in one table, from which Flask's rules and docs/openapi.json are made."""

from __future__ import annotations

from typing import Any

from functions.entrypoints import requests, responses
from functions.entrypoints.flask_app import Header, Route
from functions.errors import InvalidRequest, Unauthenticated
from functions.jobs.field_check import CheckedField
from functions.jobs.provider_list import Providers
from functions.jobs.request import JobRequest
from functions.jobs.usage import Usage


def _sheet_token(text: str) -> str:
    if not text or len(text) > 4096 or not text.isascii() or not text.isprintable() or " " in text:
        raise Unauthenticated(
            "The spreadsheet's access token is missing (header X-Sheets-Access-Token); sign in again."
        )
    return text


def _idempotency_key(text: str) -> str:
    if not 8 <= len(text) <= 200 or not text.isascii() or not text.isprintable():
        raise InvalidRequest("The header Idempotency-Key must hold 8 to 200 characters, new for each confirmation.")
    return text


SHEET_TOKEN = Header(
    required=True,
    name="X-Sheets-Access-Token",
    argument="token",
    read=_sheet_token,
    schema={"type": "string", "minLength": 1, "maxLength": 4096},
    description="The caller's own access token for the spreadsheet",
)
SHEET_TOKEN_OF_OTHERS = Header(
    name="X-Sheets-Access-Token",
    argument="token",
    read=lambda text: _sheet_token(text) if text else None,
    schema={"type": "string", "maxLength": 4096},
    description="Shows the jobs of others in a spreadsheet that this token opens",
)
IDEMPOTENCY_KEY = Header(
    required=True,
    name="Idempotency-Key",
    argument="idempotency_key",
    read=_idempotency_key,
    schema={"type": "string", "minLength": 8, "maxLength": 200},
    description="Made once a confirmation; the same key is the same job",
)

IDEMPOTENCY_KEY_OF_A_RETRY = Header(
    name="Idempotency-Key",
    argument="idempotency_key",
    read=lambda text: _idempotency_key(text) if text else None,
    schema={"type": "string", "maxLength": 200},
    description=(
        "The same key is the same retry; without one, each call is a retry of its own. Required where the job is "
        "somebody else's: then the retry is a job of the caller's own"
    ),
)

ROUTES = (
    Route(
        method="GET",
        path="/healthz",
        view="healthz",
        summary="Whether the process is up and the store can be reached",
        answer=responses.Health,
        is_public=True,
    ),
    Route(
        method="GET",
        path="/v1/openapi.json",
        view="describe",
        summary="This document",
        answer=dict[str, Any],
        is_public=True,
    ),
    Route(method="GET", path="/v1/fields", view="fields", summary="The catalogue", answer=responses.Catalogue),
    Route(
        method="GET",
        path="/v1/providers",
        view="providers",
        summary="The providers that a run may ask: prices, limits, credits left, balances",
        answer=Providers,
    ),
    Route(
        method="POST",
        path="/v1/field-lists",
        view="split_field_lists",
        summary="The names in lists of fields; tells how many columns a formula fills",
        body=requests.FieldListsBody,
        answer=responses.FieldLists,
    ),
    Route(
        method="POST",
        path="/v1/field-checks",
        view="check_field",
        summary="What is wrong with a field, or what it gives for a person who is known; looks nobody up",
        body=requests.FieldCheckBody,
        answer=CheckedField,
    ),
    Route(
        method="POST",
        path="/v1/plan",
        view="plan",
        summary="What a run would do and cost; spends and writes nothing",
        body=JobRequest,
        answer=responses.Plan,
        headers=(SHEET_TOKEN,),
    ),
    Route(
        method="POST",
        path="/v1/jobs",
        view="start",
        summary="Start a job",
        body=requests.JobBody,
        answer=responses.Job,
        status=202,
        replays=True,
        headers=(SHEET_TOKEN, IDEMPOTENCY_KEY),
    ),
    Route(
        method="GET",
        path="/v1/jobs",
        view="list",
        summary="The newest jobs of a spreadsheet",
        query=requests.JobsQuery,
        answer=responses.JobList,
        headers=(SHEET_TOKEN_OF_OTHERS,),
    ),
    Route(
        method="GET",
        path="/v1/jobs/{job_id}",
        view="show",
        summary="One job",
        answer=responses.Job,
        headers=(SHEET_TOKEN_OF_OTHERS,),
    ),
    Route(
        method="GET",
        path="/v1/jobs/{job_id}/rows",
        view="rows",
        summary="Reports of rows",
        query=requests.RowsQuery,
        answer=responses.RowPage,
        headers=(SHEET_TOKEN_OF_OTHERS,),
    ),
    Route(
        method="GET",
        path="/v1/jobs/{job_id}/columns",
        view="columns",
        summary="How full the columns are",
        answer=responses.FilledColumns,
        headers=(SHEET_TOKEN_OF_OTHERS,),
    ),
    Route(
        method="POST",
        path="/v1/jobs/{job_id}/cancel",
        view="cancel",
        summary="Stop a job",
        answer=responses.Job,
        headers=(SHEET_TOKEN_OF_OTHERS,),
    ),
    Route(
        method="GET",
        path="/v1/jobs/{job_id}/retry",
        view="plan_retry",
        summary="What a retry would try and cost; spends and writes nothing",
        answer=responses.RetryPlans,
        headers=(SHEET_TOKEN_OF_OTHERS,),
    ),
    Route(
        method="POST",
        path="/v1/jobs/{job_id}/retry",
        view="retry",
        summary="Try again what did not work",
        body=requests.RetryBody,
        answer=responses.Job,
        status=202,
        replays=True,
        headers=(SHEET_TOKEN, IDEMPOTENCY_KEY_OF_A_RETRY),
    ),
    Route(
        method="POST",
        path="/v1/jobs/{job_id}/undo",
        view="undo",
        summary="Give the cells back what they held",
        answer=responses.Job,
        status=202,
        headers=(SHEET_TOKEN,),
    ),
    Route(
        method="POST",
        path="/v1/jobs/{job_id}/access",
        view="renew_access",
        summary="Hand a job a fresh access token",
        answer=responses.Job,
        headers=(SHEET_TOKEN,),
    ),
    Route(
        method="POST",
        path="/v1/formula-tokens",
        view="issue_formula_token",
        summary="A token for the formulas of one spreadsheet",
        body=requests.FormulaTokenBody,
        answer=responses.FormulaToken,
        status=201,
        headers=(SHEET_TOKEN,),
    ),
    Route(
        method="GET",
        path="/v1/formula-tokens",
        view="list_formula_tokens",
        summary="The formula tokens of a spreadsheet",
        query=requests.FormulaTokensQuery,
        answer=responses.FormulaTokenList,
        headers=(SHEET_TOKEN,),
    ),
    Route(
        method="DELETE",
        path="/v1/formula-tokens/{token_id}",
        view="revoke_formula_token",
        summary="Revoke a formula token: its maker, or whoever can edit its spreadsheet",
        headers=(SHEET_TOKEN_OF_OTHERS,),
    ),
    Route(
        method="POST",
        path="/v1/check",
        view="check",
        summary="Try in a temporary tab what Leadfill relies on at Google, and say what does not hold",
        body=requests.CheckBody,
        answer=responses.Check,
        headers=(SHEET_TOKEN,),
    ),
    Route(
        method="GET",
        path="/v1/usage",
        view="usage",
        summary="The caller's credits by day and spreadsheet, and colleagues' by day",
        query=requests.UsageQuery,
        answer=Usage,
    ),
    Route(method="POST", path="/v1/erasures", view="erase", summary="Erase a person", body=requests.PersonBody),
    Route(
        method="POST",
        path="/v1/erasures/lift",
        view="lift_erasure",
        summary="Let an erased person be looked up, and paid for, again",
        body=requests.PersonBody,
        answer=responses.LiftedErasure,
    ),
)
