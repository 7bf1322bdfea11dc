"""What runs work on: people upload it; stage Pods fetch what their run's `spec.input` names, and
the model that their stage names.
"""

from http import HTTPStatus
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from starlette.responses import JSONResponse

from stagekit.contract import ENV_MODEL
from stagework.artifacts.paths import checked
from stagework.batches.layout import ledger_of
from stagework.web import bodies
from stagework.web.artifact_path import UPLOADS, checked_namespace
from stagework.web.errors import bad_request, not_found
from stagework.web.routes import named_content
from stagework.web.routes.ledger import ledger_response
from stagework.web.routes.services import CallerParam, ServicesParam, StagePodParam

router = APIRouter()


@router.put("/v1/uploads/{namespace}/{name:path}", status_code=201, response_class=Response)
async def upload(
    namespace: str, name: str, request: Request, caller: CallerParam, services: ServicesParam
) -> Response:
    """Keep a person's file under its digest; the answer's `uri` goes into `spec.input`."""
    await services.authorization.require_right(caller, "create", checked_namespace(namespace))
    if "/" in checked(name):
        raise bad_request("an upload's name has no '/'")
    size = bodies.announced_size(request)
    sha256 = bodies.announced_sha256(request, required=False)
    async with services.space.upload(namespace) as coming:
        chunks = coming.counted(bodies.body_of(request))
        received = await services.store.receive(chunks, size, sha256)
        try:
            await services.store.keep(received, f"{namespace}/{UPLOADS}/{received.sha256}/{name}")
        except BaseException:
            await services.store.drop(received)
            raise
        coming.keep()
    uri = f"artifact://{namespace}/{UPLOADS}/{received.sha256}/{quote(name)}"
    answer = {"uri": uri, "size": received.size, "sha256": received.sha256}
    return JSONResponse(answer, status_code=HTTPStatus.CREATED)


@router.get("/v1/input", response_class=Response)
async def source(caller: StagePodParam, services: ServicesParam) -> Response:
    """The input of the caller's run, wherever it is."""
    run = await services.authorization.own_run(caller)
    if not run.input_uri:
        raise not_found("the run has no spec.input")
    ledger = ledger_of(run.input_uri)
    if ledger is not None and ledger[0].namespace == run.namespace:
        return await ledger_response(services.batches.books, *ledger)
    return await named_content.content(services, run.input_uri, run.namespace)


@router.get("/v1/model", response_class=Response)
async def model(caller: StagePodParam, services: ServicesParam) -> Response:
    """The archive with the model that the caller's stage names.

    Read from the Pod's own manifest, which nobody can change once it is made, and an upload of its
    own namespace: whoever may write stages there may start runs with any upload as input, too.
    """
    if not caller.model_uri:
        raise not_found("the stage names no model", f"set {ENV_MODEL} in its env, as a plain value")
    return await named_content.uploaded(services, caller.model_uri, caller.prefix.namespace)
