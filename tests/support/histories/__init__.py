"""Histories of whole runs from one seed: a scenario, what happens in it, and the verdict by promise.

`python -m benchmarks.simulation` runs thousands; a history that breaks a promise is shrunk to what it needs.
"""
