"""ScheduledJobs: what the cache shows of one and of its runs, and which changes concern it.

What is decided is in `stagework.plans.scheduledjob`; when one is decided about again is a date in
the work queue, the one heap for all of them. Nothing here has a timer, or keeps a time.
"""
