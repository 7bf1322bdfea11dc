"""A journal on a volume, a witness that the operator cannot write to.

Each process of a stage adds a line when it begins and one when it ends: `begin RUN STAGE ATTEMPT`.
"""

from tests.support.cluster.commands import Document
from tests.support.cluster.space import Space
from tests.support.cluster.stages import run_of, shell

CLAIM: Document = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "journal"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}},
}
"""Makes the journal; a story applies it first."""
LINES = "/journal/lines"
"""The journal's file."""
JOURNAL = {"name": "journal", "mountPath": "/journal", "persistentVolumeClaim": "journal"}
"""The volume of a stage that writes to the journal or reads it."""


def journaled(script: str) -> str:
    """A script with a line in the journal before it and one after it."""
    about = "$STAGEWORK_RUN $STAGEWORK_STAGE $STAGEWORK_ATTEMPT"
    begin, end = (f'echo "{word} {about}" >> {LINES}' for word in ("begin", "end"))
    return f"{begin}; {script}; {end}"


def lines_in(space: Space, reader: str) -> list[str]:
    """The lines of the journal: read by a run of this name, as a person would."""
    # Where those work that write to it: the volume is that node's.
    read = shell("read", f"cat {LINES}", volumes=[JOURNAL], runsOn=["gpu"])
    space.apply(run_of(reader, read))
    space.wait_for_end(reader, "Completed")
    return space.log_of(reader, "read").splitlines()


def assert_written_once(lines: list[str], run: str, *attempts: str) -> None:
    """These attempts of the run, such as `join 1`, began and ended once, and no others did."""
    written = sorted(line for line in lines if f" {run} " in line)
    wanted = sorted(f"{word} {run} {attempt}" for attempt in attempts for word in ("begin", "end"))
    assert written == wanted, written
