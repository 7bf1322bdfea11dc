"""How a stage's container ended: asked by the container beside it, which cannot see that."""

from http import HTTPStatus

from fastapi import APIRouter, Response
from starlette.responses import JSONResponse

from stagekit.contract import RESULT_FILE
from stagework.api.names import KEEP_CONTAINER
from stagework.artifacts.store import stored_digest
from stagework.policies.outcome import interruption_evidence, termination
from stagework.web.errors import ProblemError, forbidden
from stagework.web.routes.services import ServicesParam, StagePodParam

router = APIRouter()


@router.get("/v1/container-end", response_class=Response)
async def container_end(caller: StagePodParam, services: ServicesParam) -> Response:
    """The exit code of the caller's stage as its kubelet has reported it; 425 until it has.

    Of a Pod that is being ended from outside a kubelet reports no container before all have ended,
    the caller too: that it is ended is told at once, `exitCode` being null.
    """
    prefix = caller.prefix
    pod = await services.reader.get_pod(prefix.namespace, caller.name)
    if pod is None or pod.metadata.uid != prefix.pod_uid:
        raise forbidden("this token's Pod is gone")
    report, interrupted = termination(pod), interruption_evidence(pod)
    if report is None and not interrupted:
        raise ProblemError(
            HTTPStatus.TOO_EARLY,
            "no kubelet has reported that the stage's container ended",
            "ask again in a moment",
        )
    keeper = pod.init_container(KEEP_CONTAINER)
    answer = {
        "exitCode": report.exit_code if report is not None else None,
        "interrupted": interrupted,
        "restarted": keeper is not None and keeper.restart_count > 0,
        "result": await stored_digest(services.store, f"{prefix}/{RESULT_FILE}") or "",
    }
    return JSONResponse(answer)
