"""Paid sources of leads: one module for each provider, and their HTTP client. Imports credits, profiles and errors."""
