"""A stage function run under stagekit, as one of the gateway's Pods."""

from collections.abc import Callable
from typing import Any

import pytest

import stagekit
from stagekit.retry import Patience
from tests.unit.model_gateway.gateway import Gateway
from tests.unit.stagekit.local import Local

QUICK = Patience(first_seconds=0.01, longest_seconds=0.02, total_seconds=2)


class Stage:
    """Runs functions as stage `planner` of the gateway's run; each time with its own settings."""

    def __init__(self, gateway: Gateway, local: Local, patch: pytest.MonkeyPatch) -> None:
        self._gateway = gateway
        self._local = local
        self._patch = patch

    def run(self, function: Callable[[stagekit.Context], None], **variables: str) -> int:
        """Run it; gives the exit code. Variables are those of the contract, without prefix."""
        token = self._local.folder / "token"
        token.write_text(self._gateway.token + "\n")
        self._local.give("inputs", {"machine": "macmini", "stages": {}})
        result = self.folder / "result.json"
        result.unlink(missing_ok=True)
        self._local.apply(
            self._patch,
            STAGEWORK_API_URL=self._gateway.service.url,
            STAGEWORK_TOKEN_FILE=str(token),
            STAGEWORK_STAGE="planner",
            STAGEWORK_ATTEMPT="1",
            STAGEWORK_POD_UID="pod-9",
            **{f"STAGEWORK_{name}": value for name, value in variables.items()},
        )
        return stagekit.main({"planner": function}, ["x"], QUICK)

    @property
    def folder(self) -> Any:
        """Where the attempt's artifacts are."""
        return self._gateway.service.root / "team/run-1/planner/1-pod-9"

    @property
    def mark(self) -> dict[str, Any]:
        """The completion mark."""
        return self._local.mark

    @property
    def result(self) -> dict[str, Any]:
        """The stored result.json."""
        import json  # noqa: PLC0415

        return json.loads((self.folder / "result.json").read_bytes())
