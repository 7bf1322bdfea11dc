"""What the operator tells history: kept for a while, posted in batches, told again after a start.

Nothing that decides waits for it, and nothing here decides: what is told follows from plans. What
does not fit is dropped and derived again from the objects that are there.
"""
