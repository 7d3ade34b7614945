"""Paid sources of leads: one module for each provider, and their HTTP client. Imports credits, fields and profiles."""
