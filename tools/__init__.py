"""Generators of files in the repository: pages of docs/ and the first migration."""
