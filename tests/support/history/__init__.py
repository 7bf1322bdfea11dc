"""History for tests: the twin in memory, a PostgreSQL server, facts that are valid as they are."""
