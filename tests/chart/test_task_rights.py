"""Each built-in task, run with the rights that the chart gives it and no other: granted is used."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from stagework.alerts.alerts import Message, Sending
from stagework.alerts.remembered import RememberedAlerts
from stagework.api.kinds import KINDS
from stagework.api.tasks import TASKS, task_object_name
from stagework.cluster.config_map import ConfigMapMemory
from stagework.tasks.backup import restore
from stagework.tasks.registry import RUNS
from tests.chart.rendered import Rendered, render
from tests.support.fakeapi.faults import Seen
from tests.support.fakeapi.resources import CONFIG_MAPS, LEASES
from tests.support.operators.rights import Right, rights_of
from tests.support.tasks import NAMESPACE, Place, place
from tests.support.websites import website
from tests.unit.tasks.test_backup import a_cluster_at_work, as_restore
from tests.unit.tasks.test_data_cleanup import RIGHTS, ended, ended_batch

RUN = "stagework.dev", "pipelinejobs"
ASKED_BY_OTHERS: dict[str, set[Right]] = {
    "health_check": {(*RUN, "list")},
    "notification": {(*RUN, "list")},
    "data_cleanup": {(*RUN, "get")},
    "restore": {
        ("", "pods", "create"),
        *((kind.resource.group, kind.plural, "prioritize") for kind in KINDS if kind.priority_at),
    },
}
"""The API service, or an admission policy, asks whether the task has them."""


@pytest.fixture(scope="module")
def rendered() -> Rendered:
    return render({"tasks": {task: {"enabled": True} for task in RUNS}})


class EverybodyHears:
    """A sink that takes everything."""

    async def send(self, message: Message) -> Sending:
        return Sending.SENT


@dataclass
class Restricted:
    """A task with its own rights, alerts and memory alone."""

    rendered: Rendered
    task: str
    at: Place

    def granted(self) -> set[Right]:
        """What is bound to the task's account."""
        name = task_object_name(self.task)
        bindings = self.rendered.of_kind("RoleBinding", "ClusterRoleBinding")
        roles = [b["roleRef"] for b in bindings if b["subjects"][0]["name"] == name]
        found = (self.rendered.one(role["kind"], role["name"]) for role in roles)
        return {right for role in found for right in rights_of(role)}

    async def run(self, data: Any) -> None:
        """Raises where it asks for more than it has; fails where it has more than it uses."""
        server, name, used = self.at.server, task_object_name(self.task), set[Right]()

        def note(seen: Seen) -> None:
            used.add(seen.right)

        server.store.create(CONFIG_MAPS, NAMESPACE, {"metadata": {"name": name}})
        memory = ConfigMapMemory(self.at.surroundings.api, NAMESPACE, name)
        alerts = RememberedAlerts(EverybodyHears(), memory)
        server.record.listeners.append(note)
        server.rights = granted = self.granted()
        given = replace(self.at.surroundings, memory=memory, alerts=alerts)
        await RUNS[self.task](given, data)
        assert used <= granted
        assert granted - used == ASKED_BY_OTHERS.get(self.task, set())


@pytest.mark.parametrize("task", ["health_check", "data_cleanup", "notification", "backup"])
async def test_granted_is_used(rendered: Rendered, tmp_path: Path, task: str) -> None:
    async with place(task, tmp_path, rights=RIGHTS) as at:
        await ended(at, "old", 24 * 10)
        ended_batch(at, "old", 24 * 10)
        lease = {"metadata": {"name": "stagework-operator"}, "spec": {}}
        at.server.store.create(LEASES, NAMESPACE, lease)
        await Restricted(rendered, task, at).run(TASKS[task].data())


@pytest.mark.parametrize("task", ["api_sync", "meta_catalog_ad"])
async def test_what_makes_runs_may_do_nothing_else(
    rendered: Rendered, tmp_path: Path, task: str
) -> None:
    pages = {"api_sync": orjson.dumps([{"id": 1}]), "meta_catalog_ad": b"id,title\n1,Shoes"}
    with website(tmp_path) as site:
        site.pages["/entries"] = pages[task]
        async with place(task, tmp_path, https=site.source) as at:
            data = TASKS[task].data.model_validate(
                {"url": site.url("/entries"), "pipeline": "ad-image"}
            )
            await Restricted(rendered, task, at).run(data)


async def test_a_restore_may_do_what_it_does(rendered: Rendered, tmp_path: Path) -> None:
    async with place("backup", tmp_path / "a") as at, place("restore", tmp_path / "b") as empty:
        await a_cluster_at_work(at)
        await RUNS["backup"](at.surroundings, TASKS["backup"].data())
        to = replace(empty, surroundings=as_restore(at, empty))
        await Restricted(rendered, "restore", to).run(restore.RestoreData())
