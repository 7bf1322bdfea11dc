"""The commands, one file each (options and what is printed), and what several of them do.

`session` is one call of the command line, `interventions` makes and awaits one, `follower` is the
monitor's loop.

A command reads and writes through the session that it is given, draws by `text`, and raises
`errors.CommandError` with what to type next; it never prints a traceback and never exits by itself
with anything else than the documented codes.
"""
