"""The plan of a ScheduledJob: which slots have come, which runs are made for them, what is said.

`snapshot` is what one decision reads; `plan` puts the steps together: what has become of its runs
(`runs`), what people ask (`interventions`), which slots run (`slots`), what waits for room
(`queue`), and how the status reads (`words`). A run is made first and recorded then, by the uid
that the answer to its create told; its name, the slot's, makes a repetition find it. Must not: know
of stages.
"""
