"""What the operator tells a container: read once from variables and files, then never again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stagekit import contract
from stagekit.documents import as_object, parse_object
from stagekit.errors import ContractError

LOCAL_SCHEME: Final = "dir://"
"""`STAGEWORK_API_URL=dir:///folder` keeps artifacts in a folder: for tests without a cluster."""

_LOCAL_DEFAULTS: Final = {
    contract.ENV_RUN: "local",
    contract.ENV_RUN_UID: "local",
    contract.ENV_NAMESPACE: "local",
    contract.ENV_STAGE: "stage",
    contract.ENV_ATTEMPT: "1",
    contract.ENV_POD_NAME: "local",
    contract.ENV_POD_UID: "local",
}
_INPUTS_FILE: Final = f"{contract.INFO_DIR}/{contract.INPUTS_FILE_NAME}"


@dataclass(frozen=True)
class Outcome:
    """What has become of a stage above this one."""

    outcome: str
    """Succeeded, Failed, Skipped or NotRun."""
    reason: str = ""
    """Why, as one word; may be empty."""


@dataclass(frozen=True)
class Environment:
    """Everything that stagekit is given at start."""

    run: str
    run_uid: str
    namespace: str
    stage: str
    attempt: int
    pod_name: str
    pod_uid: str
    api_url: str
    heartbeat_url: str
    token_file: str
    input_uri: str
    input_items: str
    work_dir: str
    termination_file: str
    timeout_seconds: int
    method: str
    when_down: str
    model: str
    machine: str
    may_be_away: bool
    stages: Mapping[str, str]
    outcomes: Mapping[str, Outcome]
    params: Mapping[str, str]

    @property
    def prefix(self) -> str:
        """Where this attempt's artifacts live: no other Pod can write there."""
        return f"{self.namespace}/{self.run_uid}/{self.stage}/{self.attempt}-{self.pod_uid}"

    @property
    def outcome_so_far(self) -> str:
        """`Failed` where a stage above this one, however far up, has failed; else `Succeeded`."""
        failed = any(above.outcome == contract.OUTCOME_FAILED for above in self.outcomes.values())
        return contract.OUTCOME_FAILED if failed else contract.OUTCOME_SUCCEEDED

    @property
    def is_local(self) -> bool:
        """True where artifacts are kept in a folder and there is nobody to hear a heartbeat."""
        return self.api_url.startswith(LOCAL_SCHEME)


def read(variables: Mapping[str, str], stage: str = "") -> Environment:
    """Read the contract's variables and files; raises ContractError with the one that is bad.

    `stage` is used where `STAGEWORK_STAGE` is not set (local runs).
    """
    api_url = _required(variables, contract.ENV_API_URL)
    local = api_url.startswith(LOCAL_SCHEME)
    defaults = {**_LOCAL_DEFAULTS, **({contract.ENV_STAGE: stage} if stage else {})}
    merged = {**defaults, **variables} if local else variables
    attempt = _required(merged, contract.ENV_ATTEMPT)
    if not (attempt.isascii() and attempt.isdigit() and int(attempt) > 0):
        raise ContractError(f"{contract.ENV_ATTEMPT} is no attempt number: {attempt!r}")
    inputs = _json_file(merged.get(contract.ENV_INPUTS_FILE, _INPUTS_FILE))
    return Environment(
        run=merged.get(contract.ENV_RUN, ""),
        run_uid=_required(merged, contract.ENV_RUN_UID),
        namespace=_required(merged, contract.ENV_NAMESPACE),
        stage=_required(merged, contract.ENV_STAGE),
        attempt=int(attempt),
        pod_name=merged.get(contract.ENV_POD_NAME, ""),
        pod_uid=_required(merged, contract.ENV_POD_UID),
        api_url=api_url.rstrip("/"),
        heartbeat_url=(merged.get(contract.ENV_HEARTBEAT_URL, "") or api_url).rstrip("/"),
        token_file=merged.get(
            contract.ENV_TOKEN_FILE, f"{contract.INFO_DIR}/{contract.TOKEN_FILE_NAME}"
        ),
        input_uri=merged.get(contract.ENV_INPUT_URI, ""),
        input_items=merged.get(contract.ENV_INPUT_ITEMS, ""),
        work_dir=merged.get(contract.ENV_WORK_DIR, contract.WORK_DIR),
        termination_file=merged.get(contract.ENV_TERMINATION_FILE, contract.TERMINATION_FILE),
        timeout_seconds=_number(merged.get(contract.ENV_TIMEOUT_SECONDS, "")),
        method=merged.get(contract.ENV_METHOD, "") or contract.METHOD_BUILTIN,
        when_down=_when_down(merged.get(contract.ENV_WHEN_DOWN, "")),
        model=merged.get(contract.ENV_MODEL, "").strip(),
        machine=str(inputs.get("machine", "")),
        may_be_away=inputs.get("mayBeAway") is True,
        stages=_strings(inputs.get("stages", {}), "the inputs file's stages"),
        outcomes=_outcomes(inputs.get("outcomes", {})),
        params=_params(merged),
    )


def _outcomes(value: object) -> dict[str, Outcome]:
    """Empty where an older operator does not say it."""
    stages = {name: as_object(given) or {} for name, given in (as_object(value) or {}).items()}
    return {
        name: Outcome(str(given.get("outcome", "")), str(given.get("reason", "")))
        for name, given in stages.items()
    }


def _required(variables: Mapping[str, str], name: str) -> str:
    value = variables.get(name, "")
    if not value:
        hint = "give a stage that uses stagekit contract: Mark (docs/stage-contract.md)"
        raise ContractError(f"{name} is not set: {hint}")
    return value


def _number(text: str) -> int:
    """Whole seconds; 0 where an older operator does not say it."""
    return int(text) if text.isascii() and text.isdigit() else 0


def _when_down(text: str) -> str:
    word = text.strip().lower() or contract.WHEN_DOWN_FAIL
    if word not in contract.WHEN_DOWN:
        known = ", ".join(sorted(contract.WHEN_DOWN))
        raise ContractError(f"{contract.ENV_WHEN_DOWN} is {text[:40]!r}: use one of {known}")
    return word


def _params(variables: Mapping[str, str]) -> dict[str, str]:
    path = variables.get(
        contract.ENV_PARAMS_FILE, f"{contract.INFO_DIR}/{contract.PARAMS_FILE_NAME}"
    )
    if Path(path).exists():
        return _strings(_json_file(path), path)
    start = contract.ENV_PARAM_PREFIX
    return {
        name[len(start) :].lower(): value
        for name, value in variables.items()
        if name.startswith(start)
    }


def _json_file(path: str) -> dict[str, object]:
    """One JSON object; an absent or empty file is an empty object (no annotation, no inputs)."""
    try:
        raw = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ContractError(f"cannot read {path}: {error}") from error
    if not raw.strip():
        return {}
    fields = parse_object(raw)
    if fields is None:
        raise ContractError(f"{path} is not a JSON object")
    return fields


def _strings(value: object, where: str) -> dict[str, str]:
    fields = as_object(value)
    if fields is None:
        raise ContractError(f"{where} is not a JSON object")
    return {key: value if isinstance(value, str) else str(value) for key, value in fields.items()}
