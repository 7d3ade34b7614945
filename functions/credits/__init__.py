"""Credits: prices, caps, plans and the meaning of results. Pure. Imports profiles, outcomes and errors only."""
