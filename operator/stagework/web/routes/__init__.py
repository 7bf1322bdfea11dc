"""The routes, one file for each thing that is asked for.

A route checks what came in the request, asks for the caller's right, and passes on to the store,
the model gateway or the cluster. It holds no state: that lives in `Services`, which every route
is given.
"""
