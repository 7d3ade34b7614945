"""The version of Leadfill: of the API, the command line and the requests to providers; pyproject.toml repeats it."""

VERSION = "0.2.0"
