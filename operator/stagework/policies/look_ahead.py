"""For which stages is a Job made before their turn, its Pod held by our gate?

Only in a run that has a stage at work, only for stages that nothing but unfinished work above
them holds back, and at most `depth` of them, in the pipeline's order.
"""

from collections.abc import Mapping

from stagework.api.stage_status import States


def ahead(
    depth: int, dependencies: Mapping[str, tuple[str, ...]], states: States
) -> tuple[str, ...]:
    """Names of the stages to prepare; empty while nothing of the run is at work."""
    at_work = {name for name, stage in states.items() if stage.active}
    if depth == 0 or not at_work:
        return ()
    passed = at_work | {name for name, stage in states.items() if stage.done}
    chosen: list[str] = []
    for name, above in dependencies.items():
        if len(chosen) == depth:
            break
        stage = states[name]
        untouched = stage.waiting and stage.notBeforeTime is None
        if name not in passed and untouched and all(upper in passed for upper in above):
            chosen.append(name)
            passed.add(name)
    return tuple(chosen)
