"""The words and types of the API: what people write, what the operator writes, what it observes.

A question about one object alone (has it ended? is it ready?) is asked of its type, here. Must not:
know anything of the rest of stagework, nor import a client.
"""
