"""A live cache of the objects that decisions read, listed and watched, with indexes.

It knows nobody: whoever wants to hear of changes subscribes. The answers to our own writes come in
by a door of their own, of which nobody hears. Nothing is decided and nothing is written here.
"""
