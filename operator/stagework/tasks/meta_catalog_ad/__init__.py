"""Reads a product catalogue feed and makes a run of each new or changed product.

What a product is and when it has changed is judged from its fields alone; fetching, making and
remembering is what `entries` does for every document.
"""
