"""The kubelet's chains of causes, from the cause on."""

import pytest

from stagework.api.causes import cause_first


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        ("", ""),
        ("no such image", "no such image"),
        ('Back-off pulling image "a/b:1"', 'Back-off pulling image "a/b:1"'),
        (
            'Back-off pulling image "a/b:1": ErrImagePull: pull access denied',
            'pull access denied (image "a/b:1")',
        ),
        (
            'failed to pull image "a/b:1": rpc error: code = Unknown desc = a/b:1: not found',
            "a/b:1: not found",
        ),
        (
            (
                "failed to create containerd task: failed to create shim task: OCI runtime create"
                " failed: runc create failed: unable to start container process: exec: /etc/passwd:"
                " permission denied: unknown"
            ),
            "exec: /etc/passwd: permission denied",
        ),
        (
            (
                "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are"
                " available: 3 No preemption victims found."
            ),
            "0/3 nodes are available: 3 Insufficient cpu.",
        ),
        ('configmap "absent" not found', 'configmap "absent" not found'),
    ],
)
def test_a_sentence_begins_with_its_cause(message: str, cause: str) -> None:
    assert cause_first(message) == cause
