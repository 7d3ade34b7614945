"""The field catalogue and the way from a lead to cell values; pure. Imports errors and outcomes only.

The functions that jobs, the formula and the command line use are re-exported here.
"""

from functions.fields.selection import Facts, FieldNames, is_named_by, project, select, split

__all__ = ["Facts", "FieldNames", "is_named_by", "project", "select", "split"]
