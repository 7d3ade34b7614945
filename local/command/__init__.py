"""The command line `leadfill`: a list in, the same list with the chosen fields out, and what it cost.

Imports `functions` and `local.lists`; the stand-ins only where no key is set or a page is served.
"""
