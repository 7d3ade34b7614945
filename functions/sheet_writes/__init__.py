"""Writing a run into a sheet, and undoing it, safe against concurrent edits. Imports sheets, the store and below."""
