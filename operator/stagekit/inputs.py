"""Inputs of a stage: files of the stages before it, and what the run's `spec.input` names.

Each is fetched once and compared with the digest that its author wrote into `result.json`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from stagekit import contract
from stagekit.documents import as_list, as_object, parse_object
from stagekit.errors import DigestMismatch, MissingInput, Refused, ServiceRefused
from stagekit.link import Link, inside

_INPUT_IS_BAD: Final = frozenset({400, 403, 404, 413, 424})


class Inputs:
    """Read access to the committed outputs of the stages before this one."""

    def __init__(
        self,
        link: Link,
        folder: Path,
        prefixes: Mapping[str, str],
        input_uri: str,
        source_folder: Path | None = None,
    ) -> None:
        """`source_folder`: where the run's own input goes; `folder/source` by default."""
        self._link = link
        self._folder = folder
        self._prefixes = dict(prefixes)
        self._input_uri = input_uri
        self._source_folder = source_folder or folder / contract.SOURCE_FOLDER
        self._results: dict[str, dict[str, object]] = {}
        self._source: Path | None = None

    @property
    def stages(self) -> tuple[str, ...]:
        """Names of the stages whose outputs can be read."""
        return tuple(self._prefixes)

    def has(self, stage: str, path: str) -> bool:
        """True if `stage` has succeeded and left a file `path`."""
        return stage in self._prefixes and path in self._digests(stage)

    def files(self, stage: str) -> list[str]:
        """Paths of all files that `stage` left, sorted; raises MissingInput if it left none."""
        return sorted(self._digests(stage))

    def file(self, stage: str, path: str) -> Path:
        """A file that `stage` left, as a local path; raises MissingInput where there is none."""
        target = inside(self._folder / stage, path)
        if target.is_file():
            return target
        digests = self._digests(stage)
        if path not in digests:
            known = ", ".join(sorted(digests)[:10]) or "nothing"
            raise MissingInput(f"{stage} left no {path!r}; it left: {known}")
        digest = self._link.fetch(self._prefixes[stage], path, target)
        if digest != digests[path]:
            target.unlink()
            raise DigestMismatch(f"{stage}/{path}: sha256 {digest}, {stage} wrote {digests[path]}")
        return target

    def json(self, stage: str, path: str) -> object:
        """A JSON file that `stage` left, decoded."""
        return json.loads(self.file(stage, path).read_bytes())

    def values(self, stage: str) -> dict[str, object]:
        """The small values that `stage` set with `ctx.value`."""
        return dict(as_object(self._result(stage).get("values")) or {})

    def source(self) -> Path | None:
        """What the run's `spec.input` names, as a local path; None where there is none.

        Raises Refused where the API service says that this input can never be fetched.
        """
        if not self._input_uri:
            return None
        if self._source is None:
            try:
                self._source = self._link.source(self._source_folder)
            except ServiceRefused as error:
                # `spec.input` never changes, so what is wrong with it stays wrong.
                if error.status not in _INPUT_IS_BAD:
                    raise
                raise Refused(contract.INPUT_NOT_FETCHED, str(error)) from error
        return self._source

    def fetch_all(self) -> None:
        """Bring everything (for wrapped programs, which cannot ask)."""
        for stage in self.stages:
            for path in self.files(stage):
                self.file(stage, path)
        self.source()

    def _digests(self, stage: str) -> dict[str, str]:
        files = (as_object(entry) or {} for entry in as_list(self._result(stage).get("files")))
        return {str(file.get("path")): str(file.get("sha256")) for file in files}

    def _result(self, stage: str) -> dict[str, object]:
        if stage not in self._prefixes:
            known = ", ".join(self._prefixes) or "none"
            raise MissingInput(
                f"stage {stage!r} is no finished input of this stage (it has: {known});"
                " is it in dependsOn, and was it skipped?"
            )
        if stage not in self._results:
            target = self._folder / stage / contract.RESULT_FILE
            self._link.fetch(self._prefixes[stage], contract.RESULT_FILE, target)
            result = parse_object(target.read_bytes())
            if result is None:
                raise DigestMismatch(f"{stage}/{contract.RESULT_FILE} is not a JSON object")
            self._results[stage] = result
        return self._results[stage]
