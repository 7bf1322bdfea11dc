"""Brings the tables up to date, once at a time, whoever else starts at the same moment.

The code of the release before must work on the tables of this one, for both may run during an
upgrade: a migration adds, and what is not needed any more goes a release later.
"""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, text

from stagework.history.engines import WRITES

SCRIPTS: Final = Path(__file__).parent / "migrations"
_LOCK: Final = 0x73746167  # "stag"


def upgrade(engine: Engine) -> None:
    """Run what was not run yet; raises SQLAlchemyError."""
    with engine.execution_options(**{WRITES: True}).begin() as connection:
        # SQLite lets one in at a time as it is.
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        command.upgrade(_config(connection), "head")


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["connection"] = connection
    return config
