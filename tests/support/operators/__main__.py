"""The whole operator at another pace: `python -m tests.support.operators SPEED EPOCH`.

Everything else comes from its environment, as in a cluster.
"""

import sys

from stagework.controllers.main import run
from tests.support.operators.timescale import Pace, PacedLoop

if __name__ == "__main__":
    pace = Pace(float(sys.argv[1]), float(sys.argv[2]))
    run(PacedLoop(pace.speed), pace.clocks())
