"""The plan of a Pipeline: can runs use it as it is written, and how many do so at this moment?

Nothing is ever made for a Pipeline, and no run depends on its status: it is there for people and
for the tools that wait for what they have applied. Must not: know of stages' states.
"""
