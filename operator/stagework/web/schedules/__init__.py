"""Schedules for people: reading them with the caller's rights, and what callers ask of them.

Every right that `kubectl` would need is asked of the caller before anything is read or written. The
numbers are those of `overview/schedules`. Must not: decide about slots.
"""
