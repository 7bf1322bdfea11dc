"""What a person asks of a run: an Intervention is made, and the operator's answer is waited for."""

from datetime import timedelta
from typing import Final, Literal

import typer

from stagework.api.base import Metadata
from stagework.api.intervention import (
    Intervention,
    InterventionSpec,
    Target,
)
from stagework.api.judgement import Judgement
from stagework.api.kinds import PIPELINEJOB, Kind
from stagework.api.pipelinejob import PipelineJob
from stagework.cli.commands.session import Session
from stagework.cli.errors import EXIT_FAILED, CommandError, TimeRanOut
from stagework.cli.text import answers
from stagework.plans.pipelinejob.interventions import Preview, preview, preview_whole
from stagework.plans.pipelinejob.snapshot import Resolved

ANSWER_SECONDS: Final = 15.0
"""How long to wait for the operator's answer."""
_POLL_SECONDS: Final = 0.3


def intervene(
    session: Session,
    name: str,
    verb: str,
    stages: list[str],
    *,
    namespace: str | None,
    reason: str,
    dry_run: bool,
    descendants: Literal["NotRun", "Run"] = "NotRun",
) -> None:
    """Ask a run for something and print the answer.

    `dry_run` only judges, by the code that the operator judges with. Raises CommandError where
    something is refused or nobody answers.
    """
    run = session.objects.run(session.namespace(namespace), name)
    spec = _request(run, verb, stages, reason, descendants=descendants)
    if dry_run:
        _preview(session, run, spec)
    else:
        show = f"stagework status {run.metadata.name}{session.home.flag(run.metadata.namespace)}"
        request(session, run.metadata, spec, PIPELINEJOB, show=show)


def _request(
    run: PipelineJob,
    verb: str,
    stages: list[str],
    reason: str,
    *,
    descendants: Literal["NotRun", "Run"],
) -> InterventionSpec:
    """The request, without who asks."""
    wanted = list(dict.fromkeys(stages))
    single = run.status.stage_named(wanted[0]) if len(wanted) == 1 else None
    return InterventionSpec.model_construct(
        target=Target(kind=PIPELINEJOB.kind, name=run.metadata.name, uid=run.metadata.uid),
        verb=verb,
        stages=wanted,
        # A double click asks for the same attempt twice, and the second is refused.
        attempt=single.attempt if single is not None else None,
        descendants=descendants,
        reason=reason,
        requestedBy="",
    )


def request(
    session: Session, target: Metadata, spec: InterventionSpec, kind: Kind, *, show: str = ""
) -> None:
    """Ask in the person's name, wait for the answer and print it; raises CommandError where
    something is refused, and TimeRanOut. `show`: the command that shows the target.
    """
    intervention = session.objects.intervene(target, signed(session, spec))
    session.terminal.say(f"intervention.stagework.dev/{intervention.metadata.name} created")
    status = answered(session, intervention).status
    for line in answers.answered(status, kind):
        session.terminal.say(line)
    if status.refused:
        raise CommandError(f"{len(status.refused)} refused", command=show)


def print_preview(session: Session, verb: str, judgement: Judgement, kind: Kind) -> None:
    """Print what would happen; exit 1 where something is refused."""
    for line in answers.judged(verb, judgement, kind):
        session.terminal.say(line)
    if judgement.refused:
        raise typer.Exit(EXIT_FAILED)


def _preview(session: Session, run: PipelineJob, spec: InterventionSpec) -> None:
    effect = _effect(session, run, spec)
    for line in answers.previewed(spec.verb, effect):
        session.terminal.say(line)
    if effect.refused:
        raise typer.Exit(EXIT_FAILED)


def _effect(session: Session, run: PipelineJob, spec: InterventionSpec) -> Preview:
    states = {stage.name: stage for stage in run.status.stages}
    if not states:
        return preview_whole(spec, run.status)
    resolved = Resolved(session.objects.stages(run), None)
    return preview(spec, states, resolved.dependencies, resolved.runs_if)


def signed(session: Session, spec: InterventionSpec) -> InterventionSpec:
    """The request, in the name of whoever asks."""
    return spec.model_copy(update={"requestedBy": session.objects.me()})


def answered(session: Session, intervention: Intervention) -> Intervention:
    """The request with its answer; raises TimeRanOut."""
    namespace, name = intervention.metadata.namespace, intervention.metadata.name
    until = session.now() + timedelta(seconds=ANSWER_SECONDS)
    while intervention.status.answered is None:
        if session.now() >= until:
            raise TimeRanOut(
                f"the operator has not answered {name} within {ANSWER_SECONDS:.0f}s; "
                "the request stays and will be answered",
                command="stagework doctor",
            )
        session.sleep(_POLL_SECONDS)
        intervention = session.objects.intervention(namespace, name)
    return intervention
