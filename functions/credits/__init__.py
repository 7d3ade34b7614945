"""Credits: prices, caps, plans, and what a lookup's result costs. Pure. Imports profiles, outcomes and errors only."""
