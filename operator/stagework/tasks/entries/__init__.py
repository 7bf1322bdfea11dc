"""Entries of a document from outside, each made a run of a Pipeline once.

What both `api_sync` and `meta_catalog_ad` do: fetch, map, make, remember. An entry is data and
never more: it fills params, a title and an input, and can name neither an image nor a Pipeline.
"""
