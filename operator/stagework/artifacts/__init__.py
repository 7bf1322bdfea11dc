"""Where artifacts are kept: one Protocol, a folder (the default) and an S3-compatible store.

A store keeps bytes under keys, whole or not at all, and judges every key before it touches a disk.
It does not know who asks, what a run is, or when something may be deleted: its caller decides.
"""
