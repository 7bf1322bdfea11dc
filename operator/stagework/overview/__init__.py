"""What there is to see of runs, as numbers: rows, details, ends, changes.

Whoever shows runs (the command line, the API service, a page) draws the same from here, and asks
here what is done, ended, active and current. It must not hold a sentence, a colour, a column's
width, or a command to type: that is the drawer's. Pure: objects and `now` go in, values come out.
"""
