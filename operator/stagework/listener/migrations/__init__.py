"""The table's migrations, run by alembic: they add, and take nothing away from a table that others
have made and go on using.
"""
