"""Sends by apprise: mail, chat and a hundred more, each receiver by one URL.

URLs are secrets. They are read from the files of a mounted Secret at each message, so that a
changed one counts, and stand nowhere else: neither in the environment nor in a log, and the logs of
apprise and what it sends by, which quote them, are off. Receivers are asked side by side, in
threads that nobody waits for: one that never answers ends with the process.
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from stagework.alerts.alerts import Message, Sending
from stagework.policies.secret_texts import without_secrets

DIRECTORY: Final = Path("/etc/stagework-alerts")
"""Where the chart mounts the Secret: every key of it is a file of URLs, one a line."""
TITLE_MAX: Final = 200
"""Longest title; more is cut."""
TEXT_MAX: Final = 4000
"""Longest text; receivers with less room cut it themselves."""
_QUOTING: Final = ("apprise", "urllib3", "requests_oauthlib", "oauthlib")
"""Their logs quote URLs, some at DEBUG alone."""

log = logging.getLogger(__name__)


class AppriseSink:
    """See `remembered.Sink`; `timeout_seconds`: for all receivers together."""

    def __init__(self, directory: Path = DIRECTORY, *, timeout_seconds: float = 15.0) -> None:
        self._directory = directory
        self._timeout = timeout_seconds

    async def send(self, message: Message) -> Sending:
        """SENT where at least one receiver has taken it in time."""
        urls = await asyncio.to_thread(lambda: list(urls_of(self._directory)))
        if not urls:
            return Sending.NOWHERE
        parts = [part for url in urls for part in secret_parts(url)]
        title = without_secrets(message.title, parts)[:TITLE_MAX]
        text = without_secrets(message.text, parts)[:TEXT_MAX] or title
        answers = await asyncio.gather(*(self._deliver(url, title, text) for url in urls))
        taken = sum(answers)
        if taken < len(urls):
            log.warning("%d of %d receivers have not taken an alert", len(urls) - taken, len(urls))
        return Sending.SENT if taken else Sending.FAILED

    async def _deliver(self, url: str, title: str, text: str) -> bool:
        try:
            async with asyncio.timeout(self._timeout):
                return await _in_thread(lambda: _notify(url, title, text))
        except TimeoutError:
            return False


def urls_of(directory: Path) -> Iterator[str]:
    """Every URL of every file: one a line, `#` begins a remark; nothing where there is none."""
    try:
        files = sorted(path for path in directory.iterdir() if not path.name.startswith("."))
    except OSError:
        return
    for file in files:
        try:
            lines = file.read_text().splitlines()
        except (OSError, UnicodeDecodeError):
            log.warning("%s cannot be read", file)
            continue
        yield from (line.strip() for line in lines if line.strip() and line.strip()[0] != "#")


def secret_parts(url: str) -> list[str]:
    """The URL, and whatever in it could be a password or a token."""
    parts = urlsplit(url)
    named = (parts.username or "", parts.password or "", *parts.path.split("/"))
    return [url, *filter(None, named), *(unquote(part) for part in named if part)]


def _notify(url: str, title: str, text: str) -> bool:
    # It knows more than a hundred services, and is slow to import: only who sends needs it.
    from apprise import Apprise  # noqa: PLC0415

    for name in _QUOTING:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    untyped: Any = Apprise()
    try:
        return bool(untyped.add(url)) and bool(untyped.notify(body=text, title=title))
    except Exception as error:  # noqa: BLE001 - of any of its services, none of which may stop us
        log.warning("an alert could not be sent: %s", type(error).__name__)
        return False


async def _in_thread(work: Callable[[], bool]) -> bool:
    """In a thread that does not keep the process from its end."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[bool] = loop.create_future()

    def finish(*, taken: bool) -> None:
        if not done.done():
            done.set_result(taken)

    def run() -> None:
        taken = work()
        with contextlib.suppress(RuntimeError):  # the loop has ended: nobody waits any more
            loop.call_soon_threadsafe(lambda: finish(taken=taken))

    threading.Thread(target=run, name="alert", daemon=True).start()
    return await done
