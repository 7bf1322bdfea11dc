"""Whole runs in memory: plans are applied to pretended Jobs, Pods and processes, second by second.

`Stepper` is what a test holds: people, time, what is stored. `PlayedEngine` reconciles by the real
rules, with crashes; `PretendCluster` plays Kubernetes and the stages' processes; `Invariants` holds
what must always hold.
"""

from tests.support.stepper.behaviour import Behaviour, Script
from tests.support.stepper.engine import Crash
from tests.support.stepper.pretend import PretendCluster
from tests.support.stepper.stepper import Stepper

__all__ = ["Behaviour", "Crash", "PretendCluster", "Script", "Stepper"]
