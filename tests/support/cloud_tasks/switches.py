"""Settings of the emulator. Nothing makes it lose a task: Cloud Tasks delivers at least once."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

Seconds = Annotated[float, Meta(ge=0, le=3600)]


class Switches(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The state of all switches; as it is here, each task is delivered once, at its time, in order."""

    seed: int = 1
    duplicate_rate: Annotated[float, Meta(ge=0, le=1)] = 0.0
    """The share of deliveries that are made a second time, though the first one succeeds."""
    delay_s: tuple[Seconds, Seconds] = (0.0, 0.0)
    """Between which two each delivery, and each duplicate after its first, is late."""
    reorder: bool = False
    """True if tasks that are due are delivered in random order."""
    names_taken_s: Seconds = 3600.0
    """Seconds for which a name stays taken after its task has ended; Google says up to 24 hours."""
    lacks: tuple[str, ...] = ()
    """Permissions that the caller lacks, such as `cloudtasks.tasks.create` or `iam.serviceAccounts.actAs`."""
    deadline_factor: Annotated[float, Meta(gt=0, le=1)] = 1.0
    """A factor on every dispatch deadline: Google's shortest is 15 s, too long for a test."""
