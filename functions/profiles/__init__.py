"""LinkedIn profiles: from the text of a cell to a canonical URL; pure. Imports errors only."""

from functions.errors import NotAProfile
from functions.profiles.parsing import Profile, parse

__all__ = ["NotAProfile", "Profile", "parse"]
