"""What kubelets, schedulers and API servers write, as it enters a status: the cause first.

The texts on the left are theirs, word for word; names and addresses are ours.
"""

import inspect
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagework.api.causes import sentence
from stagework.api.stage_status import StageStatus
from stagework.plans.pipelinejob import edits

_IMAGE = "registry.example.org/team/paint:1"
_PULL = f'failed to pull and unpack image "{_IMAGE}": failed to resolve reference "{_IMAGE}": '
_RUNC = (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc"
    " create failed: unable to start container process: "
)
_UNKNOWN = "rpc error: code = Unknown desc = "

KUBELET: dict[str, tuple[str, str]] = {
    "no such tag": (
        f"rpc error: code = NotFound desc = {_PULL}{_IMAGE}: not found",
        f"{_IMAGE}: not found",
    ),
    "no such tag, backing off": (
        (
            f'Back-off pulling image "{_IMAGE}": ErrImagePull: rpc error: code = NotFound desc ='
            f" {_PULL}{_IMAGE}: not found"
        ),
        f"{_IMAGE}: not found",
    ),
    "a private registry": (
        (
            f"{_UNKNOWN}{_PULL}pull access denied, repository does not exist or may require"
            " authorization: server message: insufficient_scope: authorization failed"
        ),
        (
            "pull access denied, repository does not exist or may require authorization: server"
            f' message: insufficient_scope: authorization failed (image "{_IMAGE}")'
        ),
    ),
    "no such registry": (
        (
            f"{_UNKNOWN}{_PULL}failed to do request: Head"
            ' "https://registry.example.org/v2/team/paint'
            '/manifests/1": dial tcp: lookup registry.example.org on 10.96.0.10:53: no such host'
        ),
        f'lookup registry.example.org on 10.96.0.10:53: no such host (image "{_IMAGE}")',
    ),
    "a registry that does not answer": (
        (
            f"{_UNKNOWN}{_PULL}failed to do request: Head"
            ' "https://registry.example.org/v2/team/paint'
            '/manifests/1": dial tcp 192.0.2.7:443: i/o timeout'
        ),
        f'dial tcp 192.0.2.7:443: i/o timeout (image "{_IMAGE}")',
    ),
    "a registry that nobody trusts": (
        (
            f"{_UNKNOWN}{_PULL}failed to do request: Head"
            ' "https://registry.example.org/v2/team/paint'
            '/manifests/1": tls: failed to verify certificate: x509: certificate signed by unknown'
            " authority"
        ),
        f'x509: certificate signed by unknown authority (image "{_IMAGE}")',
    ),
    "too many pulls": (
        (
            f"{_UNKNOWN}{_PULL}failed to copy: httpReadSeeker: failed open: unexpected status"
            " from GET"
            " request to https://registry.example.org/v2/team/paint/manifests/sha256:0f: 429 Too"
            " Many"
            " Requests - Server message: toomanyrequests: You have reached your pull rate limit."
        ),
        (
            "429 Too Many Requests - Server message: toomanyrequests: You have reached your pull"
            " rate"
            f' limit. (image "{_IMAGE}")'
        ),
    ),
    "a wrong pull secret": (
        (
            f"{_UNKNOWN}{_PULL}failed to authorize: failed to fetch oauth token: unexpected"
            " status from"
            " GET request to https://auth.example.org/token?scope=repository%3Ateam%2Fpaint%3Apull:"
            " 401 Unauthorized"
        ),
        f'401 Unauthorized (image "{_IMAGE}")',
    ),
    "an image for other processors": (
        (
            f'rpc error: code = NotFound desc = failed to pull and unpack image "{_IMAGE}": no'
            " match"
            " for platform in manifest: not found"
        ),
        f'no match for platform in manifest: not found (image "{_IMAGE}")',
    ),
    "a full disk": (
        (
            f'{_UNKNOWN}failed to pull and unpack image "{_IMAGE}": failed to extract layer'
            " sha256:0f1e: write /var/lib/containerd/tmp/x: no space left on device: unknown"
        ),
        (
            "failed to extract layer sha256:0f1e: write /var/lib/containerd/tmp/x: no space left on"
            f' device (image "{_IMAGE}")'
        ),
    ),
    "never pulled": (
        f'Container image "{_IMAGE}" is not present with pull policy of Never',
        f'Container image "{_IMAGE}" is not present with pull policy of Never',
    ),
    "no image can have that name": (
        (
            'Failed to apply default image tag "Team/Paint": couldn\'t parse image name'
            ' "Team/Paint":'
            " invalid reference format: repository name (library/Team) must be lowercase"
        ),
        (
            'couldn\'t parse image name "Team/Paint": invalid reference format: repository name'
            " (library/Team) must be lowercase"
        ),
    ),
    "no such Secret": ('secret "db" not found', 'secret "db" not found'),
    "no such key": (
        "couldn't find key password in Secret team/db",
        "couldn't find key password in Secret team/db",
    ),
    "an image that runs as root": (
        (
            "Error: container has runAsNonRoot and image will run as root (pod:"
            ' "paint-1_team(4b7c)", container: stage)'
        ),
        "container has runAsNonRoot and image will run as root",
    ),
    "an image whose user has a name": (
        (
            "container has runAsNonRoot and image has non-numeric user (app), cannot verify user is"
            ' non-root (pod: "paint-1_team(4b7c)", container: stage)'
        ),
        (
            "container has runAsNonRoot and image has non-numeric user (app), cannot verify user is"
            " non-root"
        ),
    ),
    "nothing to run": (
        'failed to generate container "0f1e" spec: failed to generate spec: no command specified',
        "no command specified",
    ),
    "no such program": (
        (
            f'{_RUNC}error during container init: exec: "pythn": executable file not found in'
            " $PATH:"
            " unknown"
        ),
        'exec: "pythn": executable file not found in $PATH',
    ),
    "a script without its interpreter": (
        f'{_RUNC}exec: "/app/run.sh": stat /app/run.sh: no such file or directory: unknown',
        'exec: "/app/run.sh": stat /app/run.sh: no such file or directory',
    ),
    "a program that may not be run": (
        f'{_UNKNOWN}{_RUNC}exec: "/app/run.sh": permission denied: unknown',
        'exec: "/app/run.sh": permission denied',
    ),
    "a folder mounted on a file": (
        (
            f"{_RUNC}error during container init: error mounting"
            ' "/var/lib/kubelet/pods/4b7c/volumes'
            '/cfg" to rootfs at "/etc/app.conf": not a directory: unknown'
        ),
        (
            'error mounting "/var/lib/kubelet/pods/4b7c/volumes/cfg" to rootfs at'
            ' "/etc/app.conf": not'
            " a directory"
        ),
    ),
    "no network for it": (
        (
            f'Failed to create pod sandbox: {_UNKNOWN}failed to setup network for sandbox "0f1e":'
            ' plugin type="calico" failed (add): error getting ClusterInformation: connection'
            " refused"
        ),
        'plugin type="calico" failed (add): error getting ClusterInformation: connection refused',
    ),
    "a ConfigMap that is not there": (
        'MountVolume.SetUp failed for volume "cfg" : configmap "app-config" not found',
        'configmap "app-config" not found (volume "cfg")',
    ),
    "a volume that another node has": (
        (
            'Multi-Attach error for volume "pvc-1" Volume is already exclusively attached to one'
            " node"
            " and can't be attached to another"
        ),
        (
            'Multi-Attach error for volume "pvc-1" Volume is already exclusively attached to one'
            " node"
            " and can't be attached to another"
        ),
    ),
    "a volume that does not come": (
        (
            "Unable to attach or mount volumes: unmounted volumes=[data], unattached"
            " volumes=[data],"
            " failed to process volumes=[]: timed out waiting for the condition"
        ),
        (
            "Unable to attach or mount volumes: unmounted volumes=[data], unattached"
            " volumes=[data],"
            " failed to process volumes=[]: timed out waiting for the condition"
        ),
    ),
    "evicted for its own limit": (
        'Usage of EmptyDir volume "work" exceeds the limit "8Gi". ',
        'Usage of EmptyDir volume "work" exceeds the limit "8Gi".',
    ),
    "evicted for the node's sake": (
        (
            "The node was low on resource: ephemeral-storage. Threshold quantity: 1Gi, available:"
            " 900Mi. Container stage was using 5Gi, request is 0, has larger consumption of"
            " ephemeral-storage. "
        ),
        (
            "The node was low on resource: ephemeral-storage. Threshold quantity: 1Gi, available:"
            " 900Mi. Container stage was using 5Gi, request is 0, has larger consumption of"
            " ephemeral-storage."
        ),
    ),
    "a node that will not have it": (
        (
            "Pod was rejected: Node didn't have enough resource: cpu, requested: 2000, used: 3000,"
            " capacity: 4000"
        ),
        "Node didn't have enough resource: cpu, requested: 2000, used: 3000, capacity: 4000",
    ),
    "a device that is broken": (
        (
            "Pod was rejected: Allocate failed due to requested number of devices unavailable for"
            " nvidia.com/gpu. Requested: 1, Available: 0, which is unexpected"
        ),
        (
            "Allocate failed due to requested number of devices unavailable for nvidia.com/gpu."
            " Requested: 1, Available: 0, which is unexpected"
        ),
    ),
}
"""Texts of kubelets and runtimes."""

CLUSTER: dict[str, tuple[str, str]] = {
    "no room": (
        (
            "0/5 nodes are available: 1 node(s) had untolerated taint {team: b}, 2 node(s)"
            " didn't match"
            " Pod's node affinity/selector, 2 Insufficient nvidia.com/gpu. preemption: 0/5 nodes"
            " are"
            " available: 2 No preemption victims found for incoming pod, 3 Preemption is not"
            " helpful"
            " for scheduling."
        ),
        (
            "1 node(s) had untolerated taint {team: b}, 2 Insufficient nvidia.com/gpu, 2 node(s)"
            " didn't"
            " match Pod's node affinity/selector (0/5 nodes are available)"
        ),
    ),
    "no room, as newer schedulers say it": (
        (
            "0/3 nodes are available: 3 Insufficient cpu. no new claims to deallocate,"
            " preemption: 0/3"
            " nodes are available: 3 No preemption victims found for incoming pod."
        ),
        "3 Insufficient cpu (0/3 nodes are available)",
    ),
    "no such claim": (
        (
            '0/3 nodes are available: persistentvolumeclaim "data" not found. preemption: 0/3'
            " nodes are"
            " available: 3 Preemption is not helpful for scheduling."
        ),
        'persistentvolumeclaim "data" not found (0/3 nodes are available)',
    ),
    "a quota": (
        (
            'pods "paint-1" is forbidden: exceeded quota: compute, requested: requests.cpu=2, used:'
            " requests.cpu=7, limited: requests.cpu=8"
        ),
        (
            "exceeded quota: compute, requested: requests.cpu=2, used: requests.cpu=7, limited:"
            ' requests.cpu=8 (pods "paint-1" is forbidden)'
        ),
    ),
    "a quota, told by an event": (
        (
            'Error creating: pods "paint-1" is forbidden: failed quota: compute: must specify'
            " limits.cpu for: stage"
        ),
        'failed quota: compute: must specify limits.cpu for: stage (pods "paint-1" is forbidden)',
    ),
    "a LimitRange": (
        (
            'pods "paint-1" is forbidden: [maximum cpu usage per Container is 1, but limit is 2,'
            " maximum"
            " memory usage per Pod is 1Gi, but limit is 2147483648]"
        ),
        (
            "[maximum cpu usage per Container is 1, but limit is 2, maximum memory usage per Pod is"
            ' 1Gi, but limit is 2147483648] (pods "paint-1" is forbidden)'
        ),
    ),
    "Pod Security": (
        (
            'pods "paint-1" is forbidden: violates PodSecurity "restricted:latest":'
            ' allowPrivilegeEscalation != false (container "proxy" must set'
            " securityContext.allowPrivilegeEscalation=false)"
        ),
        (
            'violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container'
            ' "proxy" must set securityContext.allowPrivilegeEscalation=false) (pods "paint-1" is'
            " forbidden)"
        ),
    ),
    "a webhook that says no": (
        (
            'admission webhook "validate.policies.example.org" denied the request: images of'
            " other.example.org are not allowed here"
        ),
        (
            "images of other.example.org are not allowed here"
            ' (admission webhook "validate.policies.example.org")'
        ),
    ),
    "a webhook that says no in many lines": (
        (
            'admission webhook "validate.kyverno.svc-fail" denied the request: \n\nresource'
            " Job/team/paint-1 was blocked due to the following policies \n\nrequire-labels:\n "
            " check-team: 'validation error: label team is required. rule check-team failed at path"
            " /metadata/labels/team/'\n"
        ),
        (
            "require-labels: check-team: 'validation error: label team is required. rule check-team"
            " failed at path /metadata/labels/team/'"
            ' (admission webhook "validate.kyverno.svc-fail")'
        ),
    ),
    "a webhook that is away": (
        (
            'Internal error occurred: failed calling webhook "inject.example.org": failed to call'
            ' webhook: Post "https://injector.mesh.svc:443/inject?timeout=10s": dial tcp'
            " 10.96.3.4:443: connect: connection refused"
        ),
        'dial tcp 10.96.3.4:443: connect: connection refused (webhook "inject.example.org")',
    ),
    "a policy in CEL": (
        (
            "jobs.batch \"paint-1\" is forbidden: ValidatingAdmissionPolicy 'signed-images' with"
            " binding"
            " 'team' denied request: images must be signed: registry.example.org/team/paint:1"
        ),
        (
            'images must be signed: registry.example.org/team/paint:1 (jobs.batch "paint-1" is'
            " forbidden; ValidatingAdmissionPolicy 'signed-images')"
        ),
    ),
    "an object that cannot be": (
        'Job.batch "paint-1" is invalid: spec.template.spec.containers[0].image: Required value',
        'spec.template.spec.containers[0].image: Required value (Job.batch "paint-1" is invalid)',
    ),
    "no such account": (
        (
            'pods "paint-1" is forbidden: error looking up service account team/default:'
            " serviceaccount"
            ' "default" not found'
        ),
        (
            'error looking up service account team/default: serviceaccount "default" not found'
            ' (pods "paint-1" is forbidden)'
        ),
    ),
    "a namespace that ends": (
        (
            'pods "paint-1" is forbidden: unable to create new content in namespace team because'
            " it is"
            " being terminated"
        ),
        (
            "unable to create new content in namespace team because it is being terminated"
            ' (pods "paint-1" is forbidden)'
        ),
    ),
    "a missing right": (
        (
            "jobs.batch is forbidden: User"
            ' "system:serviceaccount:stagework-system:stagework-operator"'
            ' cannot create resource "jobs" in API group "batch" in the namespace "team"'
        ),
        (
            "jobs.batch is forbidden: User"
            ' "system:serviceaccount:stagework-system:stagework-operator"'
            ' cannot create resource "jobs" in API group "batch" in the namespace "team"'
        ),
    ),
    "a time-out": (
        (
            "the server was unable to return a response in the time allotted, but may still be"
            " processing the request (post jobs.batch)"
        ),
        (
            "the server was unable to return a response in the time allotted, but may still be"
            " processing the request (post jobs.batch)"
        ),
    ),
    "a store that does not answer": (
        "Internal error occurred: etcdserver: request timed out",
        "Internal error occurred: etcdserver: request timed out",
    ),
}
"""Texts of schedulers and API servers."""

STAGES: dict[str, tuple[str, str]] = {
    "a traceback": (
        (
            'Traceback (most recent call last):\n  File "/app/paint.py", line 7, in <module>\n   '
            " print(ad[\"title\"])\nKeyError: 'title'\n"
        ),
        "KeyError: 'title'",
    ),
    "an error within an error": (
        (
            "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\nKeyError: 'a'\n\n"
            "During handling of the above exception, another exception occurred:\n\n"
            'Traceback (most recent call last):\n  File "a.py", line 3, in <module>\n    f()\n'
            "RuntimeError: no title was given\n"
        ),
        "RuntimeError: no title was given",
    ),
    "colours": (
        "\x1b[1;31merror:\x1b[0m no font for \x1b[4mKorean\x1b[24m",
        "error: no font for Korean",
    ),
    "a window's title, and what clears the screen": (
        "\x1b]0;owned\x07\x1b[2J\x1bcno disk\x9b31m left",
        "no disk left",
    ),
    "letters that turn the line round": ("no \u202edisk\u202c left", "no disk left"),
}
"""Texts of the stages themselves."""

ALL = {**KUBELET, **CLUSTER, **STAGES}


@pytest.mark.parametrize(("text", "said"), ALL.values(), ids=ALL)
def test_a_sentence_begins_with_its_cause(text: str, said: str) -> None:
    assert sentence(text) == said


@pytest.mark.parametrize(("text", "said"), ALL.values(), ids=ALL)
def test_going_through_twice_changes_nothing(text: str, said: str) -> None:
    del text

    assert sentence(said) == said


@pytest.mark.parametrize(("text", "said"), ALL.values(), ids=ALL)
def test_the_cause_stands_also_where_there_is_little_room(text: str, said: str) -> None:
    short = sentence(text, 100)

    assert len(short.encode()) <= 100
    assert short[:20] == said[:20]


def test_of_a_long_chain_that_nobody_knows_beginning_and_end_are_kept() -> None:
    text = "starting failed: " + "layer says: " * 100 + "the disk is gone"

    short = sentence(text)

    assert short.startswith("starting failed: ")
    assert short.endswith(" … " + short.partition(" … ")[2])
    assert short.endswith("the disk is gone")


@given(st.text(), st.integers(0, 200))
def test_a_sentence_never_exceeds_its_limit(text: str, limit: int) -> None:
    short = sentence(text, limit)

    assert len(short.encode()) <= limit
    assert all(character.isprintable() for character in short)


_HOSTILE = "\x1b[31mno\x1b[0m\n\tfont " + "…" * 600
_AT = datetime(2026, 11, 29, tzinfo=UTC)
_GIVEN: dict[str, Any] = {
    "reason": "Odd",
    "node": "",
    "turn": _AT,
    "at": _AT,
    "since": None,
    "suspected": _AT,
    "record": None,
    "state": "Succeeded",
    "commit": None,
    "failures": 1,
    "interruptions": 0,
    "not_before": None,
}
_WRITING = [
    edit
    for _, edit in inspect.getmembers(edits, inspect.isfunction)
    if edit.__module__ == edits.__name__ and "message" in inspect.signature(edit).parameters
]


@pytest.mark.parametrize("edit", _WRITING, ids=lambda edit: edit.__name__)
def test_every_edit_of_a_status_cleans_what_it_is_said(edit: Callable[..., StageStatus]) -> None:
    wanted = [name for name in inspect.signature(edit).parameters if name in _GIVEN]

    status = edit(
        StageStatus(name="a"), message=_HOSTILE, **{name: _GIVEN[name] for name in wanted}
    )

    said = status.stopping.message if status.stopping is not None else status.message
    assert said.startswith("no font …")
    assert len(said.encode()) <= 512
