"""Paid sources of leads: one file for each provider, and the HTTP they share. Imports credits, profiles and errors."""
