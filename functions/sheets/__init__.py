"""Google Sheets: its client, and what a tab holds and who stands where. Imports fields, profiles and errors only."""
