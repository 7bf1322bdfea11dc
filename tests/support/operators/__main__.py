"""The whole operator at another speed: `python -m tests.support.operators SPEED EPOCH`.

Everything else comes from its environment, as in a cluster.
"""

import sys

from stagework.controllers.main import run
from tests.support.operators.timescale import ScaledLoop, TimeScale

if __name__ == "__main__":
    timescale = TimeScale(float(sys.argv[1]), float(sys.argv[2]))
    run(ScaledLoop(timescale.speed), timescale.clocks())
