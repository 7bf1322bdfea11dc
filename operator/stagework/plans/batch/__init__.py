"""What is to be done about a Batch: its list is frozen, its chunks are begun, counted and removed.

What a range of items is in is recorded before anything is made for it, so that no item is ever in
two chunks; a chunk leaves that record in the same write that counts what has become of its items,
so that none is counted twice. Pure: what the API service knows comes as answers to questions.
"""
