"""What the operator creates, as manifests with deterministic names; and nothing of when or whether.

The same input gives the same manifest under the same name, so that a repetition finds it there.
Must not: depend on how a run has gone so far. What does is written when the gate is removed.
"""
