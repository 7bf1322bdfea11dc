"""The built-in tasks, as programs: `python -m stagework.tasks NAME --job-data FILE`.

Each is a package with a pure part that judges and an edge that reads and acts, under an account of
its own with no right beyond what it uses. One run is one process: it does its work, prints one JSON
document and ends. It knows nothing of schedules; who runs it and when is a ScheduledJob's matter.
"""
