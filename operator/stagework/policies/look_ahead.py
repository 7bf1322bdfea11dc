"""For which stages is a Job made before their turn, its Pod held by our gate?

Only in a run that has a stage at work, only for stages that nothing but unfinished work above
them holds back, and at most `depth` of them, in the pipeline's order.
"""

from collections.abc import Mapping

from stagework.api.pipelinejob import StageStatus


def ahead(
    depth: int, dependencies: Mapping[str, tuple[str, ...]], states: Mapping[str, StageStatus]
) -> tuple[str, ...]:
    """Names of the stages to prepare; empty while nothing of the run is at work."""
    at_work = {name for name, each in states.items() if each.state in {"Starting", "Running"}}
    if depth == 0 or not at_work:
        return ()
    passed = at_work | {
        name for name, each in states.items() if each.state in {"Succeeded", "Skipped"}
    }
    chosen: list[str] = []
    for name, above in dependencies.items():
        if len(chosen) == depth:
            break
        state = states[name]
        untouched = state.state == "Waiting" and state.notBeforeTime is None
        if name not in passed and untouched and all(each in passed for each in above):
            chosen.append(name)
            passed.add(name)
    return tuple(chosen)
