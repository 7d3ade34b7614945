"""Alerts on the logs, for problems that somebody should hear about."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from deploy.gcloud import Gcloud
from deploy.target import NAME
from functions import logs


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A condition on the logs that sends a message."""

    name: str
    title: str
    logged: str
    """The filter over the log, besides that the line is Leadfill's."""
    more_than: int
    """Lines within the window that are still quiet."""
    window_s: int
    advice: str
    """Sentences that say what to do; they travel with the message."""


ALERTS = (
    Alert(
        name="credits-in-doubt",
        title="Leadfill: credits in doubt",
        logged=f'jsonPayload.event="{logs.IN_DOUBT}"',
        more_than=0,
        window_s=300,
        advice="A lookup was sent and its answer never came, so it may have been charged. Leadfill does "
        "not ask again by itself. Compare with the provider's bill; see docs/production.md, credits in doubt.",
    ),
    Alert(
        name="run-stopped",
        title="Leadfill: a run stopped",
        logged=f'jsonPayload.event="{logs.STOPPED}"',
        more_than=0,
        window_s=300,
        advice="A provider refused its key or its credits are used up, or a cap was reached. Results so far are kept. "
        "See docs/production.md, a run stopped.",
    ),
    Alert(
        name="errors",
        title="Leadfill: many errors",
        logged="severity>=ERROR",
        more_than=5,
        window_s=300,
        advice="More than five errors within five minutes. See docs/production.md, many errors.",
    ),
)


def watch(gcloud: Gcloud, email: str) -> None:
    """Makes what is missing of metrics, alerts, and the channel that they write to.

    Args:
        gcloud: the project's.
        email: where alerts are written to; empty: where they are written to now, if anywhere.
    """
    channels = [_channel(gcloud, email)] if email else []
    metrics = {metric["name"]: metric for metric in gcloud.listed("logging", "metrics", "list")}
    policies = {policy["displayName"]: policy for policy in gcloud.listed("alpha", "monitoring", "policies", "list")}
    for alert in ALERTS:
        metric = {"description": alert.title, "filter": log_filter(alert)}
        there = metrics.get(_metric(alert))
        if there is None or {key: there.get(key) for key in metric} != metric:
            verb = "create" if there is None else "update"
            flags = (f"--description={metric['description']}", f"--log-filter={metric['filter']}")
            gcloud.change("logging", "metrics", verb, _metric(alert), *flags)
        known = policies.get(alert.title)
        policy = policy_of(alert, channels or (known or {}).get("notificationChannels", []))
        if known is None:
            gcloud.change(
                *("alpha", "monitoring", "policies", "create"),
                "--policy-from-file=-",
                stdin=json.dumps(policy, indent=1),
                not_yet="Cannot find metric",
            )
        elif not _contains(known, policy):
            gcloud.change(
                *("alpha", "monitoring", "policies", "update", str(known["name"])),
                "--policy-from-file=-",
                stdin=json.dumps(policy, indent=1),
            )


def log_filter(alert: Alert) -> str:
    """The lines that an alert counts."""
    return f'resource.type="cloud_run_revision" AND resource.labels.service_name=~"^{NAME}-" AND {alert.logged}'


def policy_of(alert: Alert, channels: list[str]) -> dict[str, Any]:
    """An alert, as Cloud Monitoring has it."""
    metric = f"logging.googleapis.com/user/{_metric(alert)}"
    return {
        "displayName": alert.title,
        "combiner": "OR",
        "documentation": {"content": alert.advice, "mimeType": "text/markdown"},
        "notificationChannels": channels,
        "conditions": [
            {
                "displayName": alert.title,
                "conditionThreshold": {
                    "filter": f'metric.type="{metric}" AND resource.type="cloud_run_revision"',
                    "comparison": "COMPARISON_GT",
                    "thresholdValue": alert.more_than,
                    "duration": "0s",
                    "aggregations": [
                        {
                            "alignmentPeriod": f"{alert.window_s}s",
                            "perSeriesAligner": "ALIGN_DELTA",
                            "crossSeriesReducer": "REDUCE_SUM",
                        }
                    ],
                },
            }
        ],
    }


def _metric(alert: Alert) -> str:
    return f"{NAME}-{alert.name}"


def _channel(gcloud: Gcloud, email: str) -> str:
    """The channel that writes to an address → its full name."""
    for _ in range(2):
        for channel in gcloud.listed("beta", "monitoring", "channels", "list"):
            if channel.get("labels", {}).get("email_address") == email:
                return str(channel["name"])
        if gcloud.dry_run and gcloud.changes:
            break
        gcloud.change(
            *("beta", "monitoring", "channels", "create"),
            f"--display-name=Leadfill alerts to {email}",
            "--type=email",
            f"--channel-labels=email_address={email}",
        )
    return f"projects/{gcloud.project}/notificationChannels/CHANNEL"


def _contains(there: object, wanted: object) -> bool:
    """Return whether everything that is wanted is there; the service adds ids and times of its own."""
    if isinstance(wanted, dict):
        return isinstance(there, dict) and all(_contains(there.get(key), value) for key, value in wanted.items())
    if isinstance(wanted, list):
        return (
            isinstance(there, list)
            and len(there) == len(wanted)
            and all(_contains(one, other) for one, other in zip(there, wanted, strict=True))
        )
    return there == wanted or (not wanted and not there)
