"""What is written on a stage's Pod when its gate is removed: all that depends on the run so far."""

from stagework.api import names
from stagework.api.base import Metadata
from stagework.api.machines import MachineClass
from stagework.api.observed import PodView
from stagework.api.resources import PODS, ObjectRef
from stagework.api.stage_status import States
from stagework.plans.pipelinejob.inputs import inputs_document, outcome_annotations
from stagework.plans.plan import Ungate
from stagework.policies.stage_order import Dependencies


def ungate(
    stage: str,
    pod: PodView,
    machine: MachineClass,
    *,
    run: Metadata,
    dependencies: Dependencies,
    states: States,
) -> Ungate:
    """The stage's turn has come on this class: its Pod's node selector and inputs, and no gate."""
    meta = pod.metadata
    inputs = inputs_document(run, stage, machine, dependencies, states)
    outcomes = outcome_annotations(stage, dependencies, states)
    return Ungate(
        pod=ObjectRef(PODS, meta.namespace, meta.name, meta.uid, meta.resourceVersion),
        gate=names.SCHEDULING_GATE,
        node_selector=dict(machine.nodeSelector),
        labels={names.LABEL_MACHINE: machine.key},
        annotations={names.ANNOTATION_INPUTS: inputs, **outcomes},
    )
