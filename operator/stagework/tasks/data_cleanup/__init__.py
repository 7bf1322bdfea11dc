"""What has ended and was kept for long enough goes: runs, their artifacts, what history remembers.

A dry run says exactly what would go. Nothing that a running run needs goes, whatever its age; what
has an owner goes with that one.
"""
