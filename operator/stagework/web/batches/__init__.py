"""Batches in the API service: what people and programs ask of them, and hand over.

The books themselves are `stagework.batches`; here stand rights, objects of the cluster, forms and
archives. No route's words: those are in `web/routes`.
"""
