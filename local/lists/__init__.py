"""Lists of people in files: CSV of any dialect and encoding, and Excel workbooks.

`opening.open_list` turns a path into a `SourceList`, whatever its kind; `CsvList` and `WorkbookList` write results in
which every cell that is not Leadfill's is as it came. Imports `functions.errors`, `functions.fields` and
`functions.profiles` only.
"""
