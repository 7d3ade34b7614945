"""The enricher, the only code that spends credits (claim, send, settle), and the lane for costly custom fields.

Imports providers, the store and below.
"""
