"""The numbers of the queue: what waits, what works, what failed, how fast it goes, when it is done.

Rows of work go in (of live runs, or of a store), one document comes out: the board. The command
line, the API service and the metrics show the same numbers, since they come from here alone. Every
number and its formula: `docs/queue-numbers.md`. It must not hold a sentence, a column, or a way to
read anything. Pure: rows, the fleet and `now` go in.
"""
