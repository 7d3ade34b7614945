"""Google Sheets: its client, tabs, and which row belongs to whom. Imports fields, profiles and errors only."""
