"""The listener: rows of a PostgreSQL table `jobs` become runs, and runs are written back into rows.

A program of its own, which knows the API server and that table and nothing else of the release:
no operator, no API service. The table is the truth and NOTIFY a hint. What a row is as a run is
`policies/row_mapping.py`, what it shows of it `overview/row_state.py`; here it is read and written.
"""
