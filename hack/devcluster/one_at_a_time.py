"""One at a time has the whole cluster: stories upgrade the release, drain nodes, stop the operator.

Of two runs of them on one machine the second waits until the first is over.
"""

import os
import subprocess
from collections.abc import Sequence

from hack.devcluster import cache

_HELD = "STAGEWORK_CLUSTER_HELD"
"""Set for whatever a holder starts: it has the cluster already."""


def run(command: Sequence[str]) -> int:
    """Run a command while nobody else has the cluster; its exit code."""
    if os.environ.get(_HELD):
        return _run(command)
    with cache.locked("stories", "another run of the stories on this machine", "half an hour"):
        return _run(command)


def _run(command: Sequence[str]) -> int:
    # Open files stay open: make hands its job slots to other makes by them.
    return subprocess.run(
        command, check=False, close_fds=False, env={**os.environ, _HELD: "yes"}
    ).returncode
