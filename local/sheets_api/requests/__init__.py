"""The requests of `spreadsheets.batchUpdate`, one function each, in one module for each thing that they change."""
