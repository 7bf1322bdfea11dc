"""What to do about one object now: policies and children composed into a `Plan`, by pure functions.

Here stands what is the same for every kind: the plan and its actions, requests of people, facts
that follow from two statuses, when a status is written, how long a refusal is believed. Each kind
has a package of its own. Must not: read or write anything, nor ask for the time.
"""
