"""The store: leads, claims, the credit ledger and jobs, through SQLAlchemy Core."""
