"""Texts become vectors: by the built-in encoder, by a network of the pipeline's own, or by letters.

Each way of making them has a name, and vectors of two ways are never compared. Nothing here knows a
document, a stage or a file of a run: texts come in, one row of numbers a text goes out.
"""
