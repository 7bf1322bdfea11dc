"""PipelineJobs: which changes concern a run, what its decision reads, and the ledger of slots.

What is decided is in `stagework.plans.pipelinejob`; nothing is written here but the sweep of unused
revisions.
"""
