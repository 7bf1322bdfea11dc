"""Mutants of the product: small wrong changes, each of which some test has to notice.

``make mutants`` makes every change that mutmut knows to the functions of `policies` and runs the
pure tests against each. ``make mutants SINCE=REV`` does so only on the lines that differ from a
revision, in all of `operator/`. What no test notices is a survivor and is printed. In `policies`
a survivor fails the run, unless `tests/unit/policies/equivalent_mutants.toml` says why no test can
tell it from the original.

Works on a copy of the tree, so that the tree may be edited meanwhile. mutmut finds no mutants in
properties and other decorated functions, nor outside of functions.
"""
