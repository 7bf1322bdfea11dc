"""The two containers of ours in the Pod of a Files stage, as a kubelet reports them."""

from stagekit.contract import EXIT_NOTHING_TO_DO, OUTCOME_FAILED, OUTCOME_SKIPPED, OUTCOME_SUCCEEDED
from stagework.api.names import FETCH_CONTAINER, KEEP_CONTAINER
from tests.support.fakeapi.resources import Json, items

_OUTCOMES = {0: OUTCOME_SUCCEEDED, EXIT_NOTHING_TO_DO: OUTCOME_SKIPPED}
_RUNNING: Json = {"running": {}}


def has_sidecar(pod: Json) -> bool:
    """Whether it was made with them."""
    return any(c["name"] == KEEP_CONTAINER for c in items(pod["spec"], "initContainers"))


def outcome_of(exit_code: int) -> str:
    """What the one beside the stage makes of an exit code."""
    return _OUTCOMES.get(exit_code, OUTCOME_FAILED)


def at_work() -> list[Json]:
    """The inputs are there, and the stage runs."""
    return [_status(FETCH_CONTAINER, _ended(0, "")), _status(KEEP_CONTAINER, _RUNNING)]


def done(exit_code: int, message: str) -> list[Json]:
    """The one beside it has ended too, with this termination message."""
    return [
        _status(FETCH_CONTAINER, _ended(0, "")),
        _status(KEEP_CONTAINER, _ended(exit_code, message)),
    ]


def fetch_failed(exit_code: int, message: str) -> list[Json]:
    """The one before it has failed: the stage never starts."""
    waiting: Json = {"waiting": {"reason": "PodInitializing"}}
    return [
        _status(FETCH_CONTAINER, _ended(exit_code, message)),
        _status(KEEP_CONTAINER, waiting),
    ]


def _status(name: str, state: Json) -> Json:
    return {"name": name, "image": "", "ready": False, "restartCount": 0, "state": state}


def _ended(exit_code: int, message: str) -> Json:
    end: Json = {"exitCode": exit_code, "reason": "Error" if exit_code else "Completed"}
    return {"terminated": {**end, "message": message} if message else end}
