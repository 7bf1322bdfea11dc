"""`stagework retry` and `stagework skip`: ask by an Intervention, wait for the answer."""

from datetime import timedelta
from typing import Annotated, Final

import typer

from stagework.api.intervention import Intervention, InterventionSpec, Target, Verb
from stagework.api.pipelinejob import PipelineJob
from stagework.cli.errors import CommandError, TimeRanOut
from stagework.cli.options import DryRun, Namespace, Reason
from stagework.cli.session import Session, session_of
from stagework.cli.text import answers
from stagework.policies.interventions import judge

ANSWER_SECONDS: Final = 15.0
"""How long to wait for the operator's answer."""
MAX_REQUESTER: Final = 128
"""Longer user names are cut, as the admission policy does."""
_LOOK_SECONDS: Final = 0.3

Run = Annotated[str, typer.Argument(metavar="NAME", help="The run.")]


def retry(
    context: typer.Context,
    *,
    name: Run,
    stage: Annotated[
        list[str] | None,
        typer.Option("--stage", help="Stage to retry; may be repeated. All failed ones if absent."),
    ] = None,
    reason: Reason = "",
    dry_run: DryRun = False,
    namespace: Namespace = None,
) -> None:
    """Run failed stages anew; the stages that depend on them wait again.

    Exit 0: everything asked for was done; 1: something was refused; 2: no answer in time.
    """
    session = session_of(context)
    job = session.objects.job(session.namespace(namespace), name)
    spec = _spec(job, "Retry", stage or [], reason)
    _ask(session, job, spec, dry_run=dry_run)


def skip(
    context: typer.Context,
    *,
    name: Run,
    stage: Annotated[list[str], typer.Option("--stage", help="Stage to skip; may be repeated.")],
    run_descendants: Annotated[
        bool,
        typer.Option("--run-descendants", help="The stages that depend on it run all the same."),
    ] = False,
    reason: Reason = "",
    dry_run: DryRun = False,
    namespace: Namespace = None,
) -> None:
    """Take stages for done without running them.

    Exit 0: everything asked for was done; 1: something was refused; 2: no answer in time.
    """
    session = session_of(context)
    job = session.objects.job(session.namespace(namespace), name)
    spec = _spec(job, "Skip", stage, reason)
    if run_descendants:
        spec = spec.model_copy(update={"descendants": "Run"})
    _ask(session, job, spec, dry_run=dry_run)


def _spec(job: PipelineJob, verb: Verb, stages: list[str], reason: str) -> InterventionSpec:
    wanted = list(dict.fromkeys(stages))
    single = job.status.stage_named(wanted[0]) if len(wanted) == 1 else None
    return InterventionSpec.model_construct(
        target=Target(name=job.metadata.name, uid=job.metadata.uid),
        verb=verb,
        stages=wanted,
        # A double click asks for the same attempt twice, and the second is refused.
        attempt=single.attempt if single is not None else None,
        descendants="NotRun",
        reason=reason,
        requestedBy="",
    )


def _ask(session: Session, job: PipelineJob, spec: InterventionSpec, *, dry_run: bool) -> None:
    if dry_run:
        judged = judge(spec, job.status, session.objects.dependencies(job))
        for line in answers.previewed(judged.affected, judged.resets, judged.refused):
            session.terminal.say(line)
        if judged.refused:
            raise typer.Exit(1)
        return
    asked = session.objects.intervene(
        job, spec.model_copy(update={"requestedBy": session.objects.me()[:MAX_REQUESTER]})
    )
    session.terminal.say(f"intervention.stagework.dev/{asked.metadata.name} created")
    answer = _answer(session, asked)
    for line in answers.answered(answer.status):
        session.terminal.say(line)
    if answer.status.refused:
        flag = session.home.flag(job.metadata.namespace)
        raise CommandError(
            f"{len(answer.status.refused)} refused",
            command=f"stagework status {job.metadata.name}{flag}",
        )


def _answer(session: Session, asked: Intervention) -> Intervention:
    about = asked.metadata
    until = session.now() + timedelta(seconds=ANSWER_SECONDS)
    while asked.status.answered is None:
        if session.now() >= until:
            raise TimeRanOut(
                f"the operator has not answered {about.name} within {ANSWER_SECONDS:.0f}s; "
                "the request stays and will be answered",
                command="stagework doctor",
            )
        session.sleep(_LOOK_SECONDS)
        asked = session.objects.intervention(about.namespace, about.name)
    return asked
