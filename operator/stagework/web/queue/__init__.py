"""The queue as the API service shows it: live rows, the board of one reader, retries and skips.

What is counted and how is computed by `overview/queue`; here is read what it needs, and cut to what
the caller may list. Nothing is written but Interventions, for a person whose rights were asked for.
"""
