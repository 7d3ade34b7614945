"""What requests to the API hold: decoded and validated once, at the edge. docs/openapi.json is made from these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import msgspec

from functions.errors import InvalidRequest

if TYPE_CHECKING:
    from functions.jobs.request import JobRequest

Credits = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9_-]+$")]
Names = Annotated[list[Annotated[str, msgspec.Meta(max_length=1500)]], msgspec.Meta(min_length=1, max_length=100)]


class PlanBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a run shall do."""

    spreadsheet_id: Id
    range: Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
    fields: Names
    header: Literal["auto", "yes", "no"] = "auto"
    write: Literal["empty", "all"] = "empty"
    placement: Literal["reuse", "new"] = "reuse"
    retry_in_doubt: bool = False

    def job_request(self) -> JobRequest:
        """For the application."""
        from functions.jobs.request import JobRequest

        return JobRequest(
            spreadsheet_id=self.spreadsheet_id,
            range=self.range,
            fields=tuple(self.fields),
            header=self.header,
            write=self.write,
            placement=self.placement,
            retry_in_doubt=self.retry_in_doubt,
        )


class JobBody(PlanBody, forbid_unknown_fields=True, kw_only=True):
    """What a job shall do, and the most that it may cost."""

    max_credits: Credits


class RetryBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """How to retry."""

    retry_in_doubt: bool = False
    max_credits: Credits


class FormulaBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a formula asks."""

    urls: Annotated[list[list[str]], msgspec.Meta(max_length=10_000)]
    fields: Names
    if_missing: Annotated[str, msgspec.Meta(max_length=1000)] = ""


class FormulaTokenBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """For which spreadsheet."""

    spreadsheet_id: Id


class PersonBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Whom to erase, or to let be looked up again."""

    linkedin_url: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]


class ChunkBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Which chunk a worker shall run."""

    chunk_id: Id


B = TypeVar("B", bound=msgspec.Struct)


def decode(text: bytes, kind: type[B]) -> B:
    """JSON → body.

    Raises:
        InvalidRequest: the sentence names what is wrong, and where.
    """
    try:
        return msgspec.json.decode(text or b"{}", type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        # msgspec's sentences name the place and the kind, never the value.
        raise InvalidRequest(f"The request cannot be understood: {error}.") from error
    except RecursionError as error:
        raise InvalidRequest("The request is nested too deeply.") from error
