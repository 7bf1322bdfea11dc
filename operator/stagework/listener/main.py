"""The `stagework-listener` command: listens; or makes the table, or prints how it is made.

stagework-listener              rows become runs, until SIGTERM
stagework-listener migrate      make the table, or bring it up to date, as its owner
stagework-listener print-sql    the same as SQL, for an administrator
"""

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress

from stagework import logs
from stagework import settings as settings_file
from stagework.cluster.client import connection
from stagework.cluster.client.kubeapi import KubeApi
from stagework.listener import migrate
from stagework.listener.errors import ListenerError
from stagework.listener.listener import Listener
from stagework.listener.probes import probes
from stagework.settings import ListenerSettings, SettingsError


def run(arguments: Sequence[str] | None = None) -> None:
    """Entry point; a wrong setting ends the process with one sentence."""
    given = _parser().parse_args(arguments)
    try:
        settings = settings_file.load()
        logs.configure(settings.logLevel)
        match given.do:
            case "migrate":
                migrate.upgrade(settings.listener)
                logging.getLogger("stagework.listener").info("the table is up to date")
            case "print-sql":
                sys.stdout.write(migrate.as_sql(settings.listener))
            case _:
                asyncio.run(listen(settings.listener))
    except (SettingsError, ListenerError, connection.ConnectionSettingsError, OSError) as error:
        sys.stderr.write(f"stagework-listener: {error}\n")
        sys.exit(1)


async def listen(settings: ListenerSettings) -> None:
    """Until SIGTERM or SIGINT: what is being written comes to its end, runs go on."""
    async with KubeApi(connection.find()) as api:
        listener = Listener(settings, api)
        working = asyncio.create_task(listener.run())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, working.cancel)
        async with probes(listener):
            with suppress(asyncio.CancelledError):
                await working


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="stagework-listener",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("do", nargs="?", choices=["listen", "migrate", "print-sql"])
    return parser
