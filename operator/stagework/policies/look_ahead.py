"""For which stages is a Job made before their turn, its Pod held by our gate?

Only in a run that has a stage at work, only for stages that nothing but unfinished work above
them holds back, and at most `depth` of them, in the pipeline's order. Not for one that waits for
somebody's approval, for that may take days; and for one that runs after a failure only once
something has failed.
"""

from collections.abc import Collection, Mapping

from stagework.api.stage_status import States
from stagework.api.stages import RunsIf


def ahead(
    depth: int,
    dependencies: Mapping[str, tuple[str, ...]],
    states: States,
    runs_if: Mapping[str, RunsIf] | None = None,
    unapproved: Collection[str] = (),
) -> tuple[str, ...]:
    """Names of the stages to prepare; empty while nothing of the run is at work.

    `runs_if`: of stages for which it is not `Succeeded`; `unapproved`: those that nobody has
    approved yet.
    """
    at_work = {name for name, stage in states.items() if stage.active}
    if depth == 0 or not at_work:
        return ()
    done = at_work | {name for name, stage in states.items() if stage.done}
    over = at_work | {name for name, stage in states.items() if stage.ended}
    chosen: list[str] = []
    for name, above in dependencies.items():
        if len(chosen) == depth:
            break
        rule = (runs_if or {}).get(name, "Succeeded")
        stage, passed = states[name], done if rule == "Succeeded" else over
        untouched = stage.waiting and stage.notBeforeTime is None and name not in unapproved
        wanted = rule != "Failed" or any(states[upper].has_failed for upper in above)
        if untouched and wanted and all(upper in passed for upper in above):
            chosen.append(name)
            done.add(name)
            over.add(name)
    return tuple(chosen)
