"""Generators: everything in the repository that follows from the resource types.

``python -m hack.generate`` writes it, with ``--check`` it only compares. Nothing here decides
anything: what a kind is stands in ``operator/stagework/api``.
"""
