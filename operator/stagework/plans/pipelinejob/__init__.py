"""The plan of a PipelineJob, in two halves (`plan.py`), because turns depend on all runs' requests.

`evaluate` brings every stage up to what its Job and Pod show (`situation.py` says what that is,
`observe.py` and `outcomes.py` what follows) and says which slots the run holds or wants; `finish`
starts what has its turn (`start.py`), cleans up and puts the status together. A stage's status
changes by the named steps of `edits.py` alone. Must not: know of other runs or of the slot ledger.
"""
