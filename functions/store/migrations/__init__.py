"""The steps from one schema of the store to the next; read by alembic, imported by nobody else."""
