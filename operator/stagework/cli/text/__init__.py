"""Terminal text: tables, pages, the monitor's lines, the doctor's findings, the next command.

What it says comes in as values (rows and details of `overview`, statuses, answers). Nothing here
asks the cluster or a clock; only `terminal`, `screens`, `board_screens` and `painting` print.
"""
