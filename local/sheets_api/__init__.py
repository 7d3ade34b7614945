"""The Sheets API v4 on localhost: Google's own client talks to it as to Google.

One event loop serves it, so each request is atomic, as at Google. `emulator.Emulator` runs it inside a test;
`python -m local.sheets_api` runs it as a process. What is Google's is under `/v4`, what steers it under `/_emulator`.
"""
