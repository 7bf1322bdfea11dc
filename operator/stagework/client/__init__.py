"""A small Python client with the calls of an in-process scheduler, for programs that had one.

What was a function there is a Pipeline here, named or given as the spec of a PipelineJob; the rest
reads the same. `Scheduler` makes, lists, pauses and removes ScheduledJobs as the person of a
kubeconfig, or as the ServiceAccount of its own Pod; nothing runs in the caller's process. Needs the
extra `cli`. Must not: decide what the operator decides.
"""

from stagework.client.jobs import Job, JobStatistics, NextRun, SchedulerState
from stagework.client.scheduler import JobStats, Scheduler

__all__ = ["Job", "JobStatistics", "JobStats", "NextRun", "Scheduler", "SchedulerState"]
