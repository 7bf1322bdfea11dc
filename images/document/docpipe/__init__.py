"""Eleven stages that read a document, cut, index, embed, classify and summarize it.

One module a stage (`extract` ... `deep_summary`), each with a table `METHODS` and a function
`run`. What several stages need stands in modules with names of their own: `kinds`, `pdf`,
`layout`, `encoder` and so on. Whatever parses a stranger's file does so in a child process with
limits (`worker`, `isolation`). Everything runs on the processor and without a network; every
output names the method that made it.
"""
