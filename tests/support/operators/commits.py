"""Watches the store for commits: a stage's outcome is written once and never revised."""

from collections import defaultdict

from tests.support.fakeapi.resources import PIPELINE_JOBS, Json
from tests.support.fakeapi.store import Change, Store
from tests.support.recorded import stages_of


class CommitLog:
    """Every commit that appeared in a status, by (run uid, stage, attempt), and every revision."""

    def __init__(self, store: Store) -> None:
        self.commits: dict[tuple[str, str, int], list[str]] = defaultdict(list)
        self.revised: list[str] = []
        store.listeners.append(self._on_change)

    def _on_change(self, change: Change) -> None:
        if change.resource is not PIPELINE_JOBS or change.new is None or change.old is None:
            return
        before, after = _commits(change.old.data), _commits(change.new.data)
        uid = change.new.meta["uid"]
        for stage, commit in after.items():
            old = before.get(stage)
            if old == commit:
                continue
            self.commits[uid, stage, commit["attempt"]].append(commit["pod"])
            if old is not None and old["attempt"] >= commit["attempt"]:
                self.revised.append(f"{stage}: {old} became {commit}")

    def doubled(self) -> list[tuple[str, str, int]]:
        """Attempts that were committed more than once."""
        return [key for key, pods in self.commits.items() if len(pods) > 1] + [
            ("revised", change, 0) for change in self.revised
        ]


def _commits(run: Json) -> dict[str, Json]:
    return {stage["name"]: stage["commit"] for stage in stages_of(run) if stage.get("commit")}
