"""Interventions as the cache holds them, checked; one that cannot be read disturbs no other."""

import logging

from pydantic import ValidationError

from stagework.api.intervention import Intervention, InterventionSpec, InterventionStatus
from stagework.api.kinds import INTERVENTION
from stagework.cluster.cache.cache import Cache
from stagework.cluster.cache.own_objects import OwnObject
from stagework.cluster.cache.selections import BY_TARGET, objects_of
from stagework.controllers.controller import Key

log = logging.getLogger(__name__)


def requests_for(cache: Cache, key: Key) -> tuple[Intervention, ...]:
    """Interventions that aim at that object, oldest first."""
    known = cache.indexed(objects_of(INTERVENTION), key.namespace, BY_TARGET, key)
    if not known:
        return ()
    checked = (_checked(request) for request in sorted(known, key=_age))
    return tuple(request for request in checked if request is not None)


def _age(request: OwnObject) -> tuple[str, str]:
    meta = request.metadata
    return (meta.creationTimestamp.isoformat(), meta.uid)


def _checked(request: OwnObject) -> Intervention | None:
    try:
        return Intervention.model_construct(
            metadata=request.checked_metadata(),
            spec=InterventionSpec.model_validate_json(bytes(request.spec)),
            status=InterventionStatus.model_validate_json(bytes(request.status)),
        )
    except ValidationError as error:
        log.warning("%s/%s: Intervention left alone: %s", *request.name, error)
        return None
