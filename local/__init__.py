"""Leadfill on one machine: the sandbox, the emulators, the command line and the page."""
