"""The eleven stages, a module each, with the name that the pipeline gives it.

A stage takes what earlier stages left, has the work done by `reading`, `encoding` and `text`, and
writes its JSON (`docpipe.outputs`) and files. It does not open a stranger's file itself, computes
no vectors of its own, and knows another stage by its outputs only.
"""
