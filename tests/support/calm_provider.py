"""A provider of simulated time with which nothing goes wrong."""

from __future__ import annotations

import msgspec

from functions.credits.lookup_result import Found, LookupResult
from functions.credits.terms import EVERY_NEED, Needs
from functions.profiles import Profile
from functions.providers.contract import Answer
from local.providers.people import lead
from tests.support.simulated_run import Provider, SimulatedSlintel


class CalmProvider(Provider):
    """Knows everybody, and charges for each request."""

    def serve(self, slug: str) -> LookupResult:
        """Answers one request."""
        self.charges[slug] += 1
        found = lead(slug)
        return Found(found, msgspec.json.encode(found), raw_is_lead=True)


class CalmSlintel(SimulatedSlintel):
    """A way to the provider on which nothing is lost."""

    back_s = 0.2
    """The longest way back."""

    def look_up(self, profile: Profile, needs: Needs = EVERY_NEED) -> Answer:  # noqa: ARG002 - it always gives all
        """One request, there and back."""
        slug, draw = profile.key.rpartition("/")[2], self._process.random
        result = self._process.call_outside(
            lambda: self._provider.serve(slug), slug, there_s=0.2 * draw(), back_s=self.back_s * draw(), patience_s=30
        )
        return Answer(result)
