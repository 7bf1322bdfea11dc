"""What browsers and programs follow by WebSocket: one connection a topic, numbered messages.

Who listens and whether they may is asked again all the time. Must not: compute what is told.
"""
