"""The command line, `stagework` and `kubectl stagework`.

`commands` has one file a command, `text` all that is printed; beside them stand the connection (the
only user of the kubernetes package), our objects and the API service as one person sees them, the
feed of changes, and the watchlist and loop of the monitor. It must not know any one pipeline, and
must not decide what the operator decides: it asks `overview` and `policies`.
"""
