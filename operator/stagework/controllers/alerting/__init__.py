"""Alerts while this process leads: what stands wrong is read every few seconds, judged, and said.

All that is read is in memory, but for the health of the stores. Nothing here decides about objects,
and nothing that decides waits for it: a receiver that hangs costs alerts their time, and no more.
"""
