"""The board's page as files: HTML, one script, one style sheet, as `operator/board` is bundled.

They are read once, served to everybody, and hold no data: what the page shows it asks of the other
routes, with a proof. Nothing here knows what is drawn.
"""
