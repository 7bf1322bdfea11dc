"""Eleven stages that read a document, cut, index, embed, classify and summarize it.

`stages` has a module a stage (`extract` ... `deep_summary`), each with a function `run`. `reading`
opens strangers' files, in a child process with limits; `encoding` makes vectors; `text` is what can
be told of words without either. At the top is what several of them share: the types of what is
passed on, limits, params, a stage's inputs, and what model endpoints are asked. Everything runs on
the processor and without a network; every output names the method that made it.
"""
