"""The queue, and one run, by WebSocket: whole when it has changed, else a sign of life."""

import json

from fastapi import APIRouter, WebSocket
from pydantic import TypeAdapter

from stagework.api.base import format_time
from stagework.overview.queue.document import document
from stagework.overview.run_page import RunPage
from stagework.web.artifact_path import checked_namespace, checked_run_name
from stagework.web.auth.identity import Caller
from stagework.web.live.feed import Message, Topic, follow
from stagework.web.queue.boards import Picture, RunPicture, View
from stagework.web.queue.readers import user_of
from stagework.web.routes.services import Services

router = APIRouter()

_RUN = TypeAdapter(RunPage)


@router.websocket("/v1/queue/live")
@router.websocket("/v1/queue/{namespace}/live")
async def queue(websocket: WebSocket, namespace: str = "", etag: str = "") -> None:
    """`{seq, at, etag, board}`; `board` is null while it is as before, or as `etag` names it.

    The namespace is in the path: the API server's proxy drops what is asked with an upgrade.
    """
    services: Services = websocket.app.state.services
    boards = services.queue.boards

    def topic() -> Topic[Picture]:
        view = View(namespace=checked_namespace(namespace) if namespace else "")

        async def read(caller: Caller) -> Picture:
            return await boards.picture(user_of(caller), view)

        return Topic(read, lambda picture: picture.etag, _board, "no queue", known=etag)

    await follow(websocket, topic, services.followers, services.now)


@router.websocket("/v1/runs/{namespace}/{name}/live")
async def run(websocket: WebSocket, namespace: str, name: str) -> None:
    """`{seq, at, run}`; `run` is absent while it is as before, and null when it was deleted."""
    services: Services = websocket.app.state.services
    boards, rights = services.queue.boards, services.authorization

    def topic() -> Topic[RunPicture]:
        where = checked_namespace(namespace), checked_run_name(name)

        async def read(caller: Caller) -> RunPicture | None:
            await rights.require_right(caller, "get", *where)
            return await boards.run_picture(user_of(caller), *where)

        return Topic(read, lambda picture: picture.etag, _run, "the run is gone")

    await follow(websocket, topic, services.followers, services.now)


def _board(message: Message[Picture]) -> str:
    seen = message.seen
    return _json(
        message,
        etag=seen.etag if seen is not None else "",
        board=document(seen.board) if seen is not None and message.changed else None,
    )


def _run(message: Message[RunPicture]) -> str:
    if not message.changed:
        return _json(message)
    seen = message.seen
    return _json(message, run=_RUN.dump_python(seen.page, mode="json") if seen else None)


def _json(message: Message[Picture] | Message[RunPicture], **more: object) -> str:
    return json.dumps(
        {"seq": message.seq, "at": format_time(message.at), **more},
        ensure_ascii=False,
        separators=(",", ":"),
    )
