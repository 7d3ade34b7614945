"""Credits, purely computed: prices, caps, plans and what a result means. Imports profiles, outcomes and errors only."""
