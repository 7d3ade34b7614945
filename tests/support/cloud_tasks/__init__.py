"""Google Cloud Tasks on this machine: its REST API v2, and workers called as Google calls them.

At least once, in no promised order, perhaps late; `/_emulator/switch` makes it duplicate, delay and reorder. Tasks live
in memory and end with the process. The caller may do everything unless a switch says what they lack.
What is missing: IAM policies, App Engine tasks, `tasks.buffer` and the batch methods, and a deleted queue's name can be
taken again at once.
"""
