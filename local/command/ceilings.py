"""`--max-credits`: one number for each provider, or an amount for each that is named."""

from __future__ import annotations

from typing import Any

import click

from functions.credits.caps import NONE, Allowance, amount_of, amounts_of
from functions.providers.registry import REGISTRY


class Ceilings(click.ParamType["Allowance"]):
    """`100`, or `slintel=100,prospeo=50`: then a provider that is not named may spend nothing."""

    name = "credits"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Allowance:  # noqa: ANN401 - click's signature
        """Reads it; click shows the sentence of `fail`."""
        text = str(value)
        try:
            if "=" not in text:
                return Allowance(amount_of(text))
            named = amounts_of(text)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if unknown := [name for name in named if name not in REGISTRY]:
            self.fail(
                f"has unknown providers: {', '.join(unknown)}. The known ones are {', '.join(REGISTRY)}.", param, ctx
            )
        return Allowance(NONE, named)
