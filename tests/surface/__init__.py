"""Records what the product shows to others, as text that `diff -r` compares.

`python -m tests.surface FOLDER` before and after a change of the code: where the two folders are
equal, the CRDs, the install manifest, the API service's description, the command line, the metrics
and the operator's requests to the API server are what they were.
"""
