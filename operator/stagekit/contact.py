"""The contact of one attempt with the API service: its link, its heartbeats, and its fence."""

from __future__ import annotations

import os
from collections.abc import Callable

from stagekit import contract, text
from stagekit.environment import Environment
from stagekit.fence import Fence, Watch
from stagekit.folder_link import FolderLink
from stagekit.heartbeat import Heartbeats, Progress, api_server_answers
from stagekit.http_link import HttpLink
from stagekit.link import Link
from stagekit.retry import Patience


class Contact:
    """Sends heartbeats and watches the fence from `start` to `stop`."""

    def __init__(
        self,
        environment: Environment,
        on_lost: Callable[[float], None],
        patience: Patience | None = None,
    ) -> None:
        """`on_lost`: called once, with the seconds of silence, when the fence falls."""
        self._environment = environment
        self.progress = Progress()
        # A machine that may be away is never replaced on time alone, so its stage goes on
        # after the wake; everywhere else silence must end the work.
        fenced = not (environment.is_local or environment.may_be_away)
        self._fence = Fence() if fenced else None
        self.link = self._connect(patience or Patience())
        self._watch = Watch(self._fence, on_lost, contract.ALIVE_FILE)
        self._beats = Heartbeats(
            self.link, self.progress, self._fence, probe=lambda: api_server_answers(os.environ)
        )

    def _connect(self, patience: Patience) -> Link:
        if self._environment.is_local:
            return FolderLink(self._environment)
        contact = self._fence.contact if self._fence is not None else lambda: None
        return HttpLink(self._environment, contact, patience)

    def start(self) -> None:
        """Begin to send heartbeats and to watch the fence."""
        self._watch.start()
        if not self._environment.is_local:
            self._beats.start()

    def stop(self) -> None:
        """End both threads."""
        self._beats.stop()
        self._watch.stop()


def exit_fenced(silence: float) -> None:
    """The whole process ends at once: no handler, no upload, no mark."""
    text.say(f"no answer from anybody for {silence:.0f} s: this attempt ends itself")
    os._exit(contract.EXIT_FENCED)
