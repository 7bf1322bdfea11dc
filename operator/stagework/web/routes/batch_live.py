"""Live progress of a batch by WebSocket: its numbers whenever they change."""

from fastapi import APIRouter, WebSocket

from stagework.api.batch_answers import BatchNews, BatchRow
from stagework.overview.batch_row import batch_row
from stagework.web.artifact_path import checked_namespace, checked_run_name
from stagework.web.auth.identity import Caller
from stagework.web.live.feed import Message, Topic, follow
from stagework.web.routes.services import Services

router = APIRouter()


@router.websocket("/v1/batches/{namespace}/{name}/live")
async def live(websocket: WebSocket, namespace: str, name: str) -> None:
    """Until the batch is gone, or who listens is."""
    services: Services = websocket.app.state.services
    views = services.batches.views

    def topic() -> Topic[BatchRow]:
        where = checked_namespace(namespace), checked_run_name(name)

        async def read(caller: Caller) -> BatchRow | None:
            found = await views.seen(caller, *where)
            return batch_row(found) if found is not None else None

        return Topic(read, _itself, _written, "the batch is gone")

    await follow(websocket, topic, services.followers, services.now)


def _itself(row: BatchRow) -> object:
    return row


def _written(message: Message[BatchRow]) -> str:
    news = BatchNews(seq=message.seq, at=message.at, batch=message.seen)
    return news.model_dump_json()
