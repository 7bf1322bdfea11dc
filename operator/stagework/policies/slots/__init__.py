"""Whose turn is it? Slots of machine classes: requests in, turns out.

One question a file: what is asked (`request`), what is answered (`turn`), who comes next in one
class's queue (`queue_order`), for how long an unused grant is kept (`leases`), what is published of
a queue (`standings`); `class_queue` has the slots of one class, and `ledger` puts all together. All
of it is memory of values: nothing here reads a clock or an object, and no other policy is known.
"""
