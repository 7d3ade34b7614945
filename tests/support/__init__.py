"""Shared by tests and benchmarks: running systems, fault injection, and stand-ins that no user runs."""
