"""Random histories of small worlds: the whole operator on the fake API server, in virtual time.

A world is one seed. People, machines, the API server, strangers and the operator's own deaths
happen to it for some minutes; then everything works again, nothing more happens, and the witness
says what is wrong once everything should have ended. The same seed is the same history, as long as
neither the operator nor anything in here has changed.
"""
