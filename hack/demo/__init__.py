"""`make demo`: the sample pipelines from nothing to the pictures, by the command line's own parts.

What is special to the samples (their names, scores, pictures and summaries) is known here; the
product knows none of it. Nothing here is installed with the product.
"""
