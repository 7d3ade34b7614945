"""The result of one row: its outcome, and what is known of its person."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from functions.credits.lead_status import LeadStatus
from functions.credits.terms import label_of
from functions.fields import Budget, Facts, project
from functions.fields.catalogue import Field
from functions.fields.cell_format import CellValue
from functions.fields.merge import KEYS_OF_ONE, KEYS_OF_SEVERAL, Merged, merge
from functions.fields.selection import keys_read
from functions.outcomes import Lead, Outcome
from functions.profiles import Profile
from functions.store.leads import Known

WITH_VALUES = (Outcome.ENRICHED, Outcome.KNOWN)


class Result(msgspec.Struct, frozen=True, gc=False):
    """The result of one profile of the input."""

    index: int
    """Its place in the input, from 0."""
    profile: Profile
    outcome: Outcome
    known: Mapping[str, Known] = {}
    """What is known of the person, by provider, in the order in which leads are merged."""
    detail: str = ""
    """Sentences for the person who reads the row; empty where the outcome says it all."""
    skipped: bool = False
    """True if a provider that could have filled an open need was not asked, or gave no answer for which it charges."""
    doubtful: bool = False
    """True if a lookup at a provider of the run is in doubt."""
    unfinished: bool = False
    """True if the run was stopped while this person was still to be looked up."""

    @property
    def lead(self) -> Lead | None:
        """The merged lead; None if there is none to show."""
        return self._merged(None).lead

    def cells(
        self,
        fields: Sequence[Field],
        *,
        status: Outcome | None = None,
        budget: Budget | None = None,
        failed: Callable[[str], CellValue] = lambda _: "",
    ) -> list[CellValue]:
        """Render the cells of the row, one for each field; see `fields.project`.

        Args:
            fields: what is wanted.
            status: shown in place of the outcome.
            budget: what the custom fields of all rows together may cost.
            failed: what a cell holds whose custom field has no value, from the sentence that says why.
        """
        merged = self._merged(keys_read(fields))
        facts = Facts(
            status=status or self.outcome,
            enriched_at=self.known[merged.source].learned_at if merged.source else None,
            linkedin_url=self.profile.url,
            source=label_of(merged.source),
            email_source=label_of(merged.email_source),
        )
        raw = _RawAnswers(self.known if merged.source else {})
        return project(merged.lead, facts, fields, raw=raw, budget=budget, failed=failed)

    def _merged(self, keys: frozenset[str] | None) -> Merged:
        """Merge the leads as far as these keys are concerned; None: whole."""
        if self.outcome not in WITH_VALUES:
            return Merged(None)
        found = {name: it for name, it in self.known.items() if it.status is LeadStatus.FOUND}
        wanted = None if keys is None else keys | (KEYS_OF_ONE if len(found) == 1 else KEYS_OF_SEVERAL)
        leads = {name: it.lead if wanted is None else it.lead_with(wanted) for name, it in found.items()}
        return merge({provider: lead for provider, lead in leads.items() if lead is not None})


class _RawAnswers(Mapping[str, object]):
    """The providers' own answers; each is decoded when it is read, since few fields ask for one."""

    def __init__(self, known: Mapping[str, Known]) -> None:
        self._known = {name: it for name, it in known.items() if it.status is LeadStatus.FOUND}

    def __getitem__(self, provider: str) -> object:
        return self._known[provider].raw

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)
