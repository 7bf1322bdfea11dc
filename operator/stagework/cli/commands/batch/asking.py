"""What a person asks of a batch: an Intervention, or what one would come to."""

from stagework.api.batch import Batch
from stagework.api.intervention import InterventionSpec, Select, Target
from stagework.api.kinds import BATCH
from stagework.cli.commands import interventions
from stagework.cli.commands.batch.options import status_command
from stagework.cli.commands.session import Session
from stagework.plans.batch.interventions import BatchVerbs, Chosen
from stagework.plans.batch.progress import progress_of
from stagework.plans.batch.snapshot import Selected


def spec_of(batch: Batch, verb: str, reason: str, select: Select | None = None) -> InterventionSpec:
    """The request, without who asks."""
    meta = batch.metadata
    return InterventionSpec.model_construct(
        target=Target(kind=BATCH.kind, name=meta.name, uid=meta.uid),
        verb=verb,
        select=select,
        reason=reason,
        requestedBy="",
    )


def request(session: Session, batch: Batch, spec: InterventionSpec) -> None:
    """Ask, wait for the answer and print it; raises CommandError where something is refused."""
    meta = batch.metadata
    show = status_command(session, meta.namespace, meta.name)
    interventions.request(session, meta, spec, BATCH, show=show)


def preview(
    session: Session, batch: Batch, spec: InterventionSpec, selected: Selected | None = None
) -> None:
    """Print what would happen, by the operator's own code; exit 1 where something is refused."""
    chosen = Chosen(spec, selected) if selected is not None else None
    judgement = BatchVerbs(chosen).judge(spec, progress_of(batch.status))
    interventions.print_preview(session, spec.verb, judgement, BATCH)
