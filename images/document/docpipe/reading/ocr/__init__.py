"""Pages that are pictures: made upright and clean, then read by Tesseract.

In the child process only. It gives lines with places, as the rest of `reading` does; it opens no
files, and what is no text on the page it leaves alone.
"""
