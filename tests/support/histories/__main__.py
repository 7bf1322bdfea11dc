"""Play worlds by their seeds, and say what happened in all of them: `make worlds WORLDS=2000`.

``python -m tests.support.histories [--worlds N] [--first SEED] [--seconds S] [--file FILE]``. Each
world that was played is a line of the file, which is by default one of this content of the tree in
the cache: broken off, or ended after `--seconds`, the next one goes on with those not played yet.
It ends with 1 where something went wrong in one of them, with the story of each.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from hack.devcluster import cache
from hack.devcluster.paths import ROOT
from hack.release_tests.record import content_of
from tests.bench.machine import describe
from tests.support.histories.history import play
from tests.support.histories.played import Played, summary


def main() -> int:
    """Exit code: 0 all came to a good end, 1 some did not."""
    parser = argparse.ArgumentParser(prog="histories", description=__doc__)
    parser.add_argument("--worlds", type=int, default=2000, help="so many, by default 2000")
    parser.add_argument("--first", type=int, default=0, help="seed of the first one")
    parser.add_argument("--seconds", type=float, default=0.0, help="stop after these; 0: at none")
    parser.add_argument("--file", type=Path, help="where those that were played are kept")
    asked = parser.parse_args()
    file: Path = asked.file or cache.folder("worlds") / f"{content_of(ROOT)}.jsonl"
    played = Played(file)
    seeds = range(asked.first, asked.first + asked.worlds)
    _play(played, seeds, asked.seconds)
    known = played.of(seeds)
    settings = f"seeds {seeds.start} to {seeds.stop - 1}, {len(known)} of {len(seeds)} played"
    sys.stdout.write("\n".join([*describe(), settings, "", *summary(known), ""]))
    return 1 if any(world.wrong for world in known) else 0


def _play(played: Played, seeds: Sequence[int], seconds: float) -> None:
    """Those of them that were not, as long as there is time."""
    until = time.monotonic() + seconds if seconds else float("inf")
    for seed in played.left(seeds):
        if time.monotonic() > until:
            return
        played.note(play(seed))


if __name__ == "__main__":
    sys.exit(main())
