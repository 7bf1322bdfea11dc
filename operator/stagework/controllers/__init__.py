"""The running operator: kopf's shell, one engine for all kinds, and a controller for each kind.

A controller says what concerns its objects and gathers what a decision needs; deciding is in
`stagework.plans`. The engine performs; no controller writes anything itself.
"""
