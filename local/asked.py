"""The providers that Leadfill on this machine asks: real ones where there is a key, else stand-ins of all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from functions.providers.provider_settings import key_of
from functions.providers.registry import REGISTRY


@dataclass(frozen=True, slots=True)
class AskedProviders:
    """The waterfall of a stack or a command."""

    names: tuple[str, ...]
    is_real: bool

    @property
    def word(self) -> str:
        """The word that is seen first."""
        return "REAL" if self.is_real else "SANDBOX"

    @property
    def waterfall(self) -> str:
        """The providers in their order."""
        return waterfall(self.names)

    @property
    def sentence(self) -> str:
        """A sentence for the person, without the word."""
        if not self.is_real:
            return f"No API key is set: the people are invented, and nothing costs anything. Asked: {self.waterfall}."
        keys = " and ".join(key_of(name) for name in self.names)
        return f"{keys} {'is' if len(self.names) == 1 else 'are'} set: lookups cost credits. Asked: {self.waterfall}."

    @property
    def marked(self) -> str:
        """The word and the sentence for a console, in rich's markup."""
        colours = "bold white on red" if self.is_real else "bold black on yellow"
        return f"[{colours}] {self.word} [/] {self.sentence}"


def waterfall(names: Iterable[str]) -> str:
    """Providers in their order, as people read them."""
    return " → ".join(REGISTRY[name].label for name in names)
