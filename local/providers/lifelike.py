"""The switches with which a stand-in is like the real provider: its documented limits, its pace and its gaps."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from functions.providers.registry import REGISTRY
from local.providers.switches import Switches

_WINDOWS = {
    timedelta(seconds=1): "burst_per_s",
    timedelta(minutes=1): "per_minute",
    timedelta(hours=1): "per_hour",
    timedelta(days=1): "per_day",
}

_PACE_S = {"slintel": 0.4, "people_data_labs": 0.25, "prospeo": 0.8, "apollo": 0.5}
"""The median time to an answer. No provider documents it; these are of the order that clients see."""


def lifelike(name: str) -> Switches:
    """Return a provider's switches: the limits of its documented plan, a pace, and people whom it does not have."""
    limits: dict[str, Any] = {}  # as wide as the types of switches
    for limit in REGISTRY[name].terms.limits:
        limits[_WINDOWS[limit.window]] = float(limit.count) if limit.window < timedelta(minutes=1) else int(limit.count)
    gaps: dict[str, Any] = {"not_found_rate": 0.06, "no_email_rate": 0.2} if name == "slintel" else {}
    return Switches(latency_s=_PACE_S[name], latency_sigma=0.4, **limits, **gaps)
