"""The migrations, in the order in which they name each other; each says what it adds and why."""
