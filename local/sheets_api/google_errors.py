"""Google's errors: their JSON shape, their status words, their sentences."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

Json = dict[str, Any]
"""A JSON object, as decoded."""

STATUS_WORDS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
SENTENCES = {
    401: (
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
        "authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."
    ),
    403: "The caller does not have permission",
    404: "Requested entity was not found.",
    413: "Request Entity Too Large",
    409: "The operation was aborted.",
    500: "Internal error encountered.",
    502: "The service is currently unavailable.",
    503: "The service is currently unavailable.",
    504: "Deadline expired before operation could complete.",
}
PROTECTED = (
    "You are trying to edit a protected cell or object. "
    "Please contact the spreadsheet owner to remove protection if you need to edit."
)


class GoogleError(Exception):
    """An answer other than 200: `code` is the HTTP status, `details` are Google's typed details."""

    def __init__(self, code: int, message: str = "", *, details: list[Json] | None = None, status: str = "") -> None:
        super().__init__(message or SENTENCES[code])
        self.code = code
        self.details = details or []
        self.status = status or STATUS_WORDS.get(code, "UNKNOWN")

    def within(self, place: str) -> GoogleError:
        """Return the same error, saying in which part of a batch it happened, such as `requests[0].addSheet`."""
        return GoogleError(self.code, f"Invalid {place}: {self}", details=self.details, status=self.status)

    def body(self) -> Json:
        """Return the JSON body that Google sends with it."""
        error: Json = {"code": self.code, "message": str(self), "status": self.status}
        if self.details:
            error["details"] = self.details
        return {"error": error}

    def page(self) -> str | None:
        """Return the HTML page that Google's front end sends with it; None where the API itself answers in JSON."""
        title = _PAGES.get(self.code)
        return None if title is None else _PAGE.format(code=self.code, title=title)


_PAGES = {413: "Request Entity Too Large", 502: "Server Error"}
_PAGE = (
    "<!DOCTYPE html>\n<html lang=en>\n<meta charset=utf-8>\n<title>Error {code} ({title})!!1</title>\n"
    "<p><b>{code}.</b> <ins>That\u2019s an error.</ins>\n"
)
PROJECT_NUMBER = 123456789012
_SERVICE = "sheets.googleapis.com"


def refusal(reason: str) -> GoogleError:
    """Return Google's 403 for a reason: PERMISSION_DENIED, ACCESS_TOKEN_SCOPE_INSUFFICIENT or SERVICE_DISABLED.

    Shapes: https://cloud.google.com/apis/design/errors#error_info, and answers that others have shown.
    """
    if reason == "PERMISSION_DENIED":
        return GoogleError(403)
    if reason == "ACCESS_TOKEN_SCOPE_INSUFFICIENT":
        info = error_info(reason, {"service": _SERVICE})
        return GoogleError(403, "Request had insufficient authentication scopes.", details=[info])
    console = f"https://console.developers.google.com/apis/api/{_SERVICE}/overview?project={PROJECT_NUMBER}"
    sentence = (
        f"Google Sheets API has not been used in project {PROJECT_NUMBER} before or it is disabled. "
        f"Enable it by visiting {console} then retry. If you enabled this API recently, "
        "wait a few minutes for the action to propagate to our systems and retry."
    )
    link = {"description": "Google developers console API activation", "url": console}
    help_link = {"@type": "type.googleapis.com/google.rpc.Help", "links": [link]}
    info = error_info("SERVICE_DISABLED", {"service": _SERVICE, "consumer": f"projects/{PROJECT_NUMBER}"})
    return GoogleError(403, sentence, details=[help_link, info])


def error_info(reason: str, metadata: dict[str, str]) -> Json:
    """Return Google's ErrorInfo."""
    kind = "type.googleapis.com/google.rpc.ErrorInfo"
    return {"@type": kind, "reason": reason, "domain": "googleapis.com", "metadata": metadata}


@contextmanager
def naming(place: str) -> Iterator[None]:
    """Say in every GoogleError from inside in which part of a batch it happened."""
    try:
        yield
    except GoogleError as error:
        raise error.within(place) from error


def invalid(message: str) -> GoogleError:
    """Return a 400 with this sentence."""
    return GoogleError(400, message)


def bad_request(violations: list[tuple[str, str]]) -> GoogleError:
    """Return a 400 that lists its violations as (field, sentence), as Google's JSON parser does."""
    described = [
        {"field": field, "description": sentence} if field else {"description": sentence}
        for field, sentence in violations
    ]
    details = [{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": described}]
    return GoogleError(400, "\n".join(sentence for _, sentence in violations), details=details)
