"""What a person asks of a run: an Intervention is made, and the operator's answer is waited for."""

from datetime import timedelta
from typing import Final, Literal

import typer

from stagework.api.intervention import Intervention, InterventionSpec, Target
from stagework.api.kinds import PIPELINEJOB
from stagework.api.pipelinejob import PipelineJob
from stagework.cli.commands.session import Session
from stagework.cli.errors import EXIT_FAILED, CommandError, TimeRanOut
from stagework.cli.text import answers
from stagework.plans.pipelinejob.interventions import preview

ANSWER_SECONDS: Final = 15.0
"""How long to wait for the operator's answer."""
MAX_REQUESTER: Final = 128
"""Longer user names are cut, as the admission policy does."""
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
        _create(session, run, spec)


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


def _create(session: Session, run: PipelineJob, spec: InterventionSpec) -> None:
    signed = spec.model_copy(update={"requestedBy": session.objects.me()[:MAX_REQUESTER]})
    intervention = session.objects.intervene(run, signed)
    session.terminal.say(f"intervention.stagework.dev/{intervention.metadata.name} created")
    status = _answered(session, intervention).status
    for line in answers.answered(status):
        session.terminal.say(line)
    if status.refused:
        flag = session.home.flag(run.metadata.namespace)
        raise CommandError(
            f"{len(status.refused)} refused",
            command=f"stagework status {run.metadata.name}{flag}",
        )


def _preview(session: Session, run: PipelineJob, spec: InterventionSpec) -> None:
    states = {stage.name: stage for stage in run.status.stages}
    effect = preview(spec, states, session.objects.dependencies(run))
    for line in answers.previewed(effect.affected, effect.resets, effect.refused):
        session.terminal.say(line)
    if effect.refused:
        raise typer.Exit(EXIT_FAILED)


def _answered(session: Session, intervention: Intervention) -> Intervention:
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
