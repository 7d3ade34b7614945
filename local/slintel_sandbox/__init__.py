"""A Slintel on this machine: believable people, the documented answers and oddities, and an exact count of charges."""
