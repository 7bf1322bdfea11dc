"""The books of batches: frozen manifests, rounds, and what became of each item.

Files are the truth (`layout.py`), written once and whole; history's tables hold a copy for queries
and for the next question, which is made anew from the files where it is missing or behind. This
package asks the store, history and the stores of the settings; it knows no cluster and no HTTP.
"""
