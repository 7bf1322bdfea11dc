"""Alerts: words to people about what is wrong, each once, and once more when it is well again.

A source says how something stands, as often as it likes; what was said before is remembered where a
restart does not lose it. Sending is apprise's. Nothing here raises, blocks or waits for long: who
has an alert has other work. It does not know what is wrong or when: its caller decides.
"""
