"""The field catalogue, and the projection of a lead onto fields; pure. Imports errors and outcomes only.

The functions that jobs, the formula and the command line use are re-exported here.
"""

from functions.fields.expressions import Budget
from functions.fields.selection import Facts, FieldNames, project, select, split

__all__ = ["Budget", "Facts", "FieldNames", "project", "select", "split"]
