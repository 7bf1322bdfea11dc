"""The command line, `stagework` and `kubectl stagework`.

`main` puts together what `commands` has (one file a command); `text` is all that is printed. Both
stand on what is beside `main`: the connection, our objects and the API service as one person sees
them, the feed of changes, the monitor's watchlist. It must not know any one pipeline, and
must not decide what the operator decides: it asks `overview` and `policies`.
"""
