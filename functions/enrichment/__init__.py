"""The enricher, the one way in which credits are spent: claim, send, settle. Imports providers, the store and below."""
