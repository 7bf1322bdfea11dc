"""The whole operator: `python -m tests.support.operators [FILE NUMBER EVENTFD]`.

The three say in which shared time it lives, see `sharedtime`; without them, in the real one.
Everything else comes from its environment, as in a cluster.
"""

import sys
from pathlib import Path

from stagework.controllers.main import run
from tests.support.operators.sharedtime import Place, SharedTime

if __name__ == "__main__":
    if sys.argv[1:]:
        file, number, wake_fd = sys.argv[1:]
        shared = SharedTime(Path(file))
        run(shared.loop_of(Place(int(number), int(wake_fd))), shared.clocks())
    else:
        run()
