"""Authentication: verified identities, formula tokens and encryption of access tokens. Imports errors and logs only."""
