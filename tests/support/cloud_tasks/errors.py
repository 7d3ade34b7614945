"""Google's errors, as Cloud Tasks words them."""

from __future__ import annotations

from local.sheets_api.google_errors import GoogleError, Json


class AlreadyExists(GoogleError):
    """409 as Cloud Tasks means it: the name is taken, or was a short while ago."""

    def __init__(self, message: str) -> None:
        super().__init__(409, message)

    def body(self) -> Json:
        """Return the JSON body that Google sends with it."""
        return {"error": {"code": 409, "message": str(self), "status": "ALREADY_EXISTS"}}


def no_task() -> GoogleError:
    """Return the error for a task that is not there."""
    return GoogleError(404, "The task does not exist.")


def no_queue() -> GoogleError:
    """Return the error for a queue that is not there."""
    return GoogleError(
        404,
        "Queue does not exist. If you just created the queue, wait at least a minute for the queue to initialize.",
    )
