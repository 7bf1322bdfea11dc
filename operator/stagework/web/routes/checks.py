"""Whether what stands behind the service does its work: history, and the artifact store."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Final

from fastapi import APIRouter, Query

from stagework.api.health import PartHealth, ServiceHealth
from stagework.api.history import RunQuery
from stagework.artifacts.errors import StoreError
from stagework.artifacts.store import Store
from stagework.history.errors import HistoryError
from stagework.history.store import History
from stagework.web.routes.services import OPERATOR_OR_HEALTH_CHECK, ServicesParam

router = APIRouter()

_LIMIT_SECONDS: Final = 20.0
_PROBE: Final = b"stagework"


@router.get("/v1/checks", dependencies=[OPERATOR_OR_HEALTH_CHECK])
async def checks(
    services: ServicesParam,
    seconds: Annotated[float, Query(gt=0, le=_LIMIT_SECONDS)] = _LIMIT_SECONDS,
) -> ServiceHealth:
    """History is read, and a few bytes are written to the store and taken away again; what does
    not answer within `seconds` is away.
    """
    history, artifacts = await asyncio.gather(
        _history_fault(services.history, seconds), _store_fault(services.store, seconds)
    )
    return ServiceHealth(history=history, artifacts=artifacts)


async def _history_fault(history: History, seconds: float) -> PartHealth:
    try:
        async with asyncio.timeout(seconds):
            await history.runs(RunQuery(limit=1))
    except TimeoutError:
        return PartHealth(fault=f"the database has not answered for {seconds:.0f} s")
    except HistoryError as error:
        return PartHealth(fault=f"the database does not answer: {type(error).__name__}")
    return PartHealth()


async def _store_fault(store: Store, seconds: float) -> PartHealth:
    try:
        async with asyncio.timeout(seconds):
            await store.drop(await store.receive(_probe(), len(_PROBE)))
    except TimeoutError:
        return PartHealth(fault=f"nothing could be written within {seconds:.0f} s")
    except StoreError as error:
        return PartHealth(fault=str(error))
    except Exception as error:  # noqa: BLE001 - of S3 or a file system: its text may quote keys
        return PartHealth(fault=f"nothing can be written: {type(error).__name__}")
    return PartHealth()


async def _probe() -> AsyncIterator[bytes]:
    yield _PROBE
