"""Stand-ins of the providers on this machine: invented people, documented answers, and a count of what was charged."""
