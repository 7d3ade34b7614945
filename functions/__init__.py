"""Leadfill's backend: LinkedIn URLs in, lead fields out, no credit wasted."""
