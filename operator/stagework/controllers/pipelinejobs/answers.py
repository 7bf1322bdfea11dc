"""Who answers what the plan of a run asks: the API service, the API server, or a wake hook."""

from dataclasses import dataclass
from typing import Any

from stagework.api.resources import ObjectRef
from stagework.controllers.pipelinejobs.causes import Causes
from stagework.controllers.pipelinejobs.live_pods import LivePods
from stagework.controllers.pipelinejobs.wake_hooks import WakeHooks
from stagework.plans.pipelinejob.snapshot import (
    CauseQuestion,
    HeartbeatQuestion,
    LogQuestion,
    PodQuestion,
    ResultQuestion,
    WakeQuestion,
)
from stagework.plans.plan import Question
from stagework.service_client.heartbeats import HeartbeatReader
from stagework.service_client.logs import LogKeeper
from stagework.service_client.results import ResultStore


@dataclass(frozen=True)
class Answers:
    """All that can be asked."""

    results: ResultStore
    """What attempts have left."""
    logs: LogKeeper
    """What attempts that failed have written."""
    pods: LivePods
    """Whether a Pod is there though our watch does not show it."""
    causes: Causes
    """Of what Events warn."""
    heartbeats: HeartbeatReader
    """When Pods were heard of last."""
    wake_hooks: WakeHooks
    """Who wakes machines that are away."""

    async def answer(self, about: ObjectRef, question: Question) -> Any:
        """Ask whoever knows; raises LookupFailed to be asked again."""
        match question:
            case ResultQuestion(stage, attempt):
                return await self.results.look_up(about.namespace, about.uid, stage, attempt)
            case LogQuestion():
                return await self.logs.keep(about.namespace, about.uid, question)
            case PodQuestion():
                return await self.pods.read(about.namespace, question)
            case CauseQuestion():
                return await self.causes.read(about.namespace, question)
            case HeartbeatQuestion():
                return await self.heartbeats.last(question)
            case WakeQuestion():
                return await self.wake_hooks.wake(question)
            case _:
                raise TypeError(f"nobody answers {question}")
