"""The listener of the chart: off by default, restricted, with rights that it uses and no other."""

from collections.abc import Iterator
from typing import Any, Final

import pytest

from stagework.settings import Settings
from tests.chart.rendered import NAMESPACE, RefusedValues, Rendered, render
from tests.support.fakeapi.eventually import eventually
from tests.support.fakeapi.faults import Seen
from tests.support.history.postgresql import Server, postgresql
from tests.support.listener import RIGHTS, cluster, listening, table
from tests.support.operators.rights import rights_of

TENANTS: Final = {
    "acme": {"namespace": "team-acme", "pipeline": "ad-image", "params": {"prompt": "title"}},
    "*": {"namespace": "others", "pipelineColumn": "kind", "pipelines": {"banner": "ad-banner"}},
}
VALUES: Final[dict[str, Any]] = {
    "listener": {
        "enabled": True,
        "postgresql": {"host": "db.example.org", "secretName": "db", "tls": {"mode": "require"}},
        "owner": {"user": "app", "secretName": "db-owner"},
    },
    "settings": {"listener": {"tenants": TENANTS}},
    "networkPolicy": {"enabled": True},
}
DEPLOYMENT: Final = "Deployment/stagework-listener"


@pytest.fixture(scope="module")
def rendered() -> Rendered:
    return render(VALUES)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgresql() as started:
        yield started


def test_it_is_off_by_default(chart: Rendered) -> None:
    assert "listener" not in str(chart.names("Deployment"))
    assert "stagework-listener" not in str(chart.documents)
    assert Settings.model_validate(chart.settings()).listener.postgresql is None


def test_its_settings_are_those_of_the_values(rendered: Rendered) -> None:
    listener = Settings.model_validate(rendered.settings()).listener
    assert listener.postgresql is not None
    assert listener.postgresql.user == "stagework_listener"
    assert listener.postgresql.passwordFile == "/etc/stagework-listener/password"
    assert listener.postgresql.tls.mode == "require"
    assert listener.owner is not None
    assert listener.owner.passwordFile == "/etc/stagework-listener-owner/password"
    assert listener.namespaces == ("others", "team-acme")
    assert listener.columns == ("kind", "title")


def test_its_certificates_come_from_a_secret() -> None:
    tls = {"mode": "verify-full", "secretName": "tls", "certKey": "tls.crt", "keyKey": "tls.key"}
    values = {**VALUES, "listener": {"enabled": True, "postgresql": {"host": "db", "tls": tls}}}
    rendered = render(values)
    found = Settings.model_validate(rendered.settings()).listener.postgresql
    assert found is not None
    assert found.tls.certFile == "/etc/stagework-listener-tls/tls.crt"
    spec = rendered.pod_specs()[DEPLOYMENT]
    mount = {"name": "postgresql-tls", "mountPath": "/etc/stagework-listener-tls", "readOnly": True}
    assert mount in spec["containers"][0]["volumeMounts"]
    assert "initContainers" not in spec, "without an owner an administrator migrates"


def test_its_pod_is_restricted(rendered: Rendered) -> None:
    spec = rendered.pod_specs()[DEPLOYMENT]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
    for container in (*spec["initContainers"], *spec["containers"]):
        security = container["securityContext"]
        assert security["allowPrivilegeEscalation"] is False
        assert security["readOnlyRootFilesystem"] is True
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert {"requests", "limits"} <= set(container["resources"])


def test_passwords_are_files_and_the_owners_is_the_migrations_alone(rendered: Rendered) -> None:
    spec = rendered.pod_specs()[DEPLOYMENT]
    (migrate,), (listener,) = spec["initContainers"], spec["containers"]
    assert migrate["command"] == ["stagework-listener", "migrate"]
    assert listener["command"] == ["stagework-listener"]
    names = [{mount["name"] for mount in one["volumeMounts"]} for one in (migrate, listener)]
    assert names[0] - names[1] == {"owner"}
    assert "env" not in listener
    assert "env" not in migrate
    others = [name for name in rendered.pod_specs() if name != DEPLOYMENT]
    assert all("db" not in str(rendered.pod_specs()[name]["volumes"]) for name in others)


def test_it_has_a_role_in_the_namespaces_of_its_map_and_nowhere_else(rendered: Rendered) -> None:
    for kind in ("Role", "RoleBinding"):
        placed = {
            document["metadata"]["namespace"]
            for document in rendered.of_kind(kind)
            if document["metadata"]["name"] == "stagework-listener"
        }
        assert placed == {"others", "team-acme"}
    assert "stagework-listener" not in rendered.names("ClusterRole")
    bound = next(
        document
        for document in rendered.of_kind("RoleBinding")
        if document["metadata"]["name"] == "stagework-listener"
    )
    account = {"kind": "ServiceAccount", "name": "stagework-listener", "namespace": NAMESPACE}
    assert bound["subjects"] == [account]


def granted(rendered: Rendered) -> set[tuple[str, str, str]]:
    return {
        right
        for role in rendered.of_kind("Role")
        if role["metadata"]["name"] == "stagework-listener"
        for right in rights_of(role)
    }


async def test_what_it_is_granted_is_what_it_uses(rendered: Rendered, server: Server) -> None:
    assert granted(rendered) == RIGHTS
    jobs, used = table(server), set[tuple[str, str, str]]()

    def note(seen: Seen) -> None:
        used.add(seen.right)

    async with cluster() as ads:
        ads.server.record.listeners.append(note)
        ads.server.faults.lose_answer(lambda seen: seen.verb == "POST", times=1)
        row = jobs.insert()
        async with listening(jobs.settings, ads.api):
            await eventually(lambda: jobs.row(row)["run_uid"] is not None, seconds=20)
    assert used == RIGHTS


def test_nobody_reaches_it_and_it_reaches_what_the_values_name(rendered: Rendered) -> None:
    policy = rendered.one("NetworkPolicy", "stagework-listener")["spec"]
    assert policy["ingress"] == []
    assert {"port": 443, "protocol": "TCP"} in policy["egress"][1]["ports"]


def test_a_changed_map_rolls_it(rendered: Rendered) -> None:
    changed = render({**VALUES, "settings": {"listener": {"tenants": TENANTS, "scanSeconds": 5}}})
    before, after = (
        one.one("Deployment", "stagework-listener")["spec"]["template"]["metadata"]["annotations"]
        for one in (rendered, changed)
    )
    assert before["checksum/settings"] != after["checksum/settings"]


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no map": ({**VALUES, "settings": {}}, r"needs settings\.listener\.tenants"),
    "no server": ({**VALUES, "listener": {"enabled": True}}, "host"),
    "a column that is none": (
        {"settings": {"listener": {"tenants": {"a": {"namespace": "x", "title": 'a"b'}}}}},
        "title",
    ),
    "a word that is none": (
        {"settings": {"listener": {"tenants": {"a": {"namespace": "x", "image": "b"}}}}},
        "image",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_the_schema_refuses(what: str) -> None:
    values, word = REFUSED[what]
    with pytest.raises(RefusedValues, match=word):
        render(values)


def test_a_namespace_in_which_the_operator_does_not_work_is_refused_at_the_start() -> None:
    values = {**VALUES, "settings": {"namespaces": ["team-acme"], "listener": {"tenants": TENANTS}}}
    settings = render(values).settings()
    with pytest.raises(ValueError, match="'others' is not in namespaces"):
        Settings.model_validate(settings)
