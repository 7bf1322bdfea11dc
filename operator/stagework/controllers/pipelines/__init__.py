"""Pipelines: what their status says of them, and how many runs name each at this moment.

What is decided is in `stagework.plans.pipeline`. Runs read a Pipeline's spec themselves: nothing
that they do waits for this controller.
"""
