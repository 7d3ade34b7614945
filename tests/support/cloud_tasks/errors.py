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


class PermissionDenied(GoogleError):
    """403 as Cloud Tasks means it: the caller lacks a permission on a queue, or on the account that tasks run as."""

    def __init__(self, permission: str, resource: str) -> None:
        super().__init__(
            403,
            f'The principal (user or service account) lacks IAM permission "{permission}" for the resource '
            f'"{resource}" (or the resource may not exist).',
        )


def no_task() -> GoogleError:
    """Return the error for a task that is not there."""
    return GoogleError(404, "The task does not exist.")


def no_queue() -> GoogleError:
    """Return the error for a queue that is not there."""
    return GoogleError(
        404,
        "Queue does not exist. If you just created the queue, wait at least a minute for the queue to initialize.",
    )
