"""Jobs in the background: start, run chunk by chunk, retry, undo, clean up. Imports writers, enrichment and below."""
