"""The enricher, the one way in which credits are spent: claim, send, settle; and the lane of costly custom fields.

Imports providers, the store and below.
"""
