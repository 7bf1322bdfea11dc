"""`stagework batch`: the commands about batches, one file each; `group` puts them together.

Everything is done with the rights that `kubectl` would need for it; numbers are those of
`overview`, as the API service has them.
"""
