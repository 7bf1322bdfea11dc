"""How long does the batch still take? Estimated beside the decisions, each time it has come on.

Two hundred replicates are played, so the question is asked once at each fiftieth of the batch, and
a move that is small is not written. Where enough batches like it have ended it is corrected by how
those came out; what was said at some marks is kept for the next ones.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from stagework.api.batch import BatchStatus, EtaRange
from stagework.api.durations import short
from stagework.api.estimates import Eta
from stagework.plans.batch.asking import Asking
from stagework.plans.batch.begin import chunking_of, slots_of, smallest_timeout
from stagework.plans.batch.measured import fits_of, usual_class
from stagework.plans.batch.progress import Progress
from stagework.plans.batch.snapshot import (
    BatchSnapshot,
    ChildRun,
    EtaAnswer,
    EtaQuestion,
    Priors,
)
from stagework.policies.chunks.batch_view import BatchView, Failures, RunningChunk
from stagework.policies.chunks.calibrate import calibrate
from stagework.policies.chunks.earlier import Said, mark_of
from stagework.policies.chunks.fit import History
from stagework.policies.chunks.no_eta import SENTENCES

MARKS: Final = 50
"""So often it is estimated from the begin of a batch to its end."""
MOVE: Final = 0.05
"""A p50 that moves by less is not written."""


def with_eta(
    snapshot: BatchSnapshot,
    progress: Progress,
    priors: Priors | None,
    asking: Asking,
    now: datetime,
) -> BatchStatus:
    """The status with what is known of its end; while suspended it is not estimated anew.

    `priors`: None: the answer is still to come, and without it an estimate would miss something.
    """
    status = progress.status
    if not progress.rest:
        return status.evolve(eta="", etaSeconds=None, etaFrom=0)
    if snapshot.batch.spec.suspend:
        status = status.evolve(estimates=[])
        return status.evolve(eta=SENTENCES["Suspended"], etaSeconds=None, etaFrom=0)
    if status.stopping:
        return status.evolve(eta="", etaSeconds=None, etaFrom=0)
    if status.round or status.waitingRounds:
        status = status.evolve(estimates=[])
    if priors is None:
        return status
    mark = 1 + progress.handled * MARKS // max(status.total, 1) + (MARKS + 1) * status.round
    seed = f"{snapshot.batch.metadata.uid}:{progress.handled}"
    question = EtaQuestion(mark, seed, _view(snapshot, progress, priors.by_machine, now))
    answer = asking.ask(question)
    if not isinstance(answer, EtaAnswer) or answer.mark == status.etaFrom:
        return status
    if not isinstance(answer.eta, Eta):
        return status.evolve(eta=SENTENCES[answer.eta.reason], etaSeconds=None, etaFrom=answer.mark)
    passed = mark_of(progress.handled, status.total)
    eta = calibrate(answer.eta, priors.ratios.get(passed, ()))
    if not status.round and not status.waitingRounds:
        said = Said(passed, answer.eta.p50_seconds, eta, int(now.timestamp()))
        status = status.evolve(estimates=_kept(status.estimates, said))
    return _said(status, answer.mark, eta)


def _kept(lines: list[str], said: Said) -> list[str]:
    """What was said first at each mark."""
    known = {one.mark for line in lines if (one := Said.read(line)) is not None}
    return lines if said.mark in known else [*lines, said.line]


def _said(status: BatchStatus, mark: int, eta: Eta) -> BatchStatus:
    before = status.etaSeconds
    seconds = EtaRange(p50=round(eta.p50_seconds), p90=round(eta.p90_seconds))
    if before is not None and abs(seconds.p50 - before.p50) < MOVE * before.p50:
        return status
    text = f"{short(seconds.p50)}..{short(seconds.p90)}"
    return status.evolve(eta=text, etaSeconds=seconds, etaFrom=mark)


def _view(
    snapshot: BatchSnapshot,
    progress: Progress,
    priors: Mapping[str, History],
    now: datetime,
) -> BatchView:
    status, usual = progress.status, usual_class(progress.status, priors)
    working = [
        (chunk, snapshot.children[chunk.uid])
        for chunk in progress.open
        if chunk.uid in snapshot.children
    ]
    running = [
        RunningChunk(child.machine or usual, chunk.count, _age(child, now))
        for chunk, child in working
        if child.began is not None and not child.ended
    ]
    unmade = [chunk.count for chunk in progress.open if chunk.uid not in snapshot.children]
    fits = fits_of(status, priors)
    last = status.lastChunkTime or status.startTime or now
    slots = slots_of(snapshot, progress, usual)
    known = {machine: fits.get(machine) for machine in (*slots, *(r.machine for r in running))}
    return BatchView(
        chunking_of(snapshot.batch.spec),
        known,
        slots,
        running,
        progress.unbegun,
        retries=[*unmade, *(chunk.count for chunk in progress.pieces)],
        done=progress.handled,
        failures=Failures(chunks=status.chunks.failed, bad_items=status.failed > 0),
        timeout=smallest_timeout(snapshot),
        quiet_seconds=max(0.0, (now - last).total_seconds()),
    )


def _age(child: ChildRun, now: datetime) -> float:
    return max(0.0, (now - (child.began or now)).total_seconds())
