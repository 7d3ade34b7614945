"""Google's refusals that people meet on their first day, each with what to do about it.

The texts are those of gcloud and of the services' own documentation (autumn 2026): Cloud Run's service identity, Cloud
Build's restricted regions, and the organization policies of Cloud Run and IAM.
"""

from __future__ import annotations

import re

_ADVICE: tuple[tuple[str, str], ...] = (
    (
        r"iam\.service[Aa]ccounts\.actAs",
        (
            "You may not let a service run as this service account. An owner of the project can give you the role "
            "Service Account User (roles/iam.serviceAccountUser); then start again."
        ),
    ),
    (
        r"constraints/run\.(?:managed\.requireInvokerIam|allowedIngress)|requireInvokerIam",
        (
            "A policy of your organization forbids services that Cloud Run does not check itself. Leadfill checks "
            "every caller on its own and needs this for the functions formula, worker and sweep (for api there is "
            "API_PRIVATE=1). Ask the administrator of the organization to exempt this project, then start again."
        ),
    ),
    (
        r"constraints/iam\.allowedPolicyMemberDomains|do not belong to a permitted customer",
        (
            "A policy of your organization (constraints/iam.allowedPolicyMemberDomains) forbids members of other "
            "domains. Leave them out of ALLOWED_DOMAINS and ALLOWED_EMAILS, or ask the administrator for an "
            "exemption."
        ),
    ),
    (
        r"constraints/[\w.]+|prohibited by organization's policy",
        "A policy of your organization forbids this. Ask its administrator to exempt this project, then start again.",
    ),
    (
        r"cannot run builds in this region|restricted_regions",
        (
            "Cloud Build does not build in this region for new projects. Start again with BUILD_REGION=europe-west1, "
            "us-central1, us-west2, asia-east1, australia-southeast1 or southamerica-east1; the functions stay in "
            "their own region."
        ),
    ),
    (
        r"SERVICE_DISABLED|has not been used in project|API \[[\w.]+\] not enabled",
        (
            "An API of the project is not switched on, or was switched on a moment ago. Wait some minutes and start "
            "again; if that does not help, you lack the right to switch it on "
            "(roles/serviceusage.serviceUsageAdmin)."
        ),
    ),
    (
        r"[Bb]illing account|BILLING_DISABLED|billing to be enabled",
        "The project has no billing account. Link one at https://console.cloud.google.com/billing, then start again.",
    ),
    (
        r"PERMISSION_DENIED|does not have permission|[Pp]ermission (?:'[\w.]+' )?denied",
        (
            "Your account lacks a right in this project; the line above names it. An owner of the project can give "
            "it to you (docs/deploy.md, before the first time); then start again."
        ),
    ),
)

PROPAGATING = re.compile(
    r"wait a few minutes for the action to propagate|is being (?:enabled|created)|"
    r"does not have storage\.objects\.get access|Permission denied on secret"
)
"""Google says so of rights and APIs that were given a moment ago, until they are known everywhere."""


def advice(said: str) -> str:
    """Return what to do about what gcloud said; empty where nothing better is known than to read it."""
    return next((sentence for pattern, sentence in _ADVICE if re.search(pattern, said)), "")
