"""Makes the table `jobs`, or brings one that is there up to date; once at a time.

The owner of the table runs it, and no listener has the owner's password. The role of the listener
gets what it uses: to read the table, and to write the columns that say what has become of a run.
"""

import io
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import text

from stagework.history.engines import postgresql_engine
from stagework.listener.errors import TableUnusable
from stagework.listener.rows import PROGRAM, translated
from stagework.settings import ListenerSettings

SCRIPTS: Final = Path(__file__).parent / "migrations"
_LOCK: Final = 0x6A6F6273  # "jobs"


def upgrade(settings: ListenerSettings) -> None:
    """Run what was not run yet, as the owner; raises ListenerError."""
    if settings.postgresql is None or settings.owner is None:
        raise TableUnusable(
            "settings.listener.owner is not set: name the role that owns the table, or run what "
            "`stagework-listener print-sql` prints"
        )
    owner = settings.owner
    as_owner = settings.postgresql.model_copy(
        update={"user": owner.user, "passwordFile": owner.passwordFile}
    )
    engine = postgresql_engine(as_owner, f"{PROGRAM}-migrate", 1)
    try:
        with translated(), engine.begin() as connection:
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            config = _config(settings.postgresql.user)
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()


def as_sql(settings: ListenerSettings) -> str:
    """The same as text, for an administrator; raises TableUnusable."""
    if settings.postgresql is None:
        raise TableUnusable("settings.listener.postgresql is not set: name the database")
    config = _config(settings.postgresql.user)
    config.output_buffer = io.StringIO()
    command.upgrade(config, "head", sql=True)
    return config.output_buffer.getvalue()


def _config(role: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["role"] = role
    return config
