"""Whole runs in memory: plans are applied to pretended Jobs, Pods and processes, second by second.

`Stepper` plays the engine (dirty keys, slot ledger, unwritten statuses, wake-ups, crashes);
`PretendCluster` plays Kubernetes and the stages' processes; `check` holds what must always hold.
"""

from tests.support.stepper.behaviour import Behaviour, Script
from tests.support.stepper.engine import Crash, Stepper
from tests.support.stepper.pretend import PretendCluster

__all__ = ["Behaviour", "Crash", "PretendCluster", "Script", "Stepper"]
