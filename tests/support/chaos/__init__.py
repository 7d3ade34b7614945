"""Faults of every kind at once, from a seed, and the checks of what they leave behind."""
