"""Why something is as it is, as one sentence for a status: its cause first.

Kubelets and API servers write chains: through which hands a cause has gone, about which object, and
only then what is wrong. `sentence` is the one function through which such text (and a stage's own,
and people's) enters a status: it begins with the cause, ends with what it is about, has one line
and no terminal sequence, and where it is too long its middle is left out.
"""

import re
from functools import lru_cache
from typing import Final

from stagework.api.text import MESSAGE_BYTES, one_line, shortened

_KUBELET_WORDS: Final = (
    "ErrImagePull|ImagePullBackOff|ErrImageNeverPull|ImageInspectError|InvalidImageName"
    "|RegistryUnavailable|SignatureValidationFailed|CreateContainerConfigError"
    "|CreateContainerError|RunContainerError|StartError|ContainerCannotRun"
)
_HANDS: Final = re.compile(
    "|".join(
        (
            rf"(?:Error|Error creating|{_KUBELET_WORDS}): ",
            r'Back-off pulling image "[^"]*": ',
            r'Failed to apply default image tag "[^"]*": ',
            r'[Ff]ailed to pull (?:and unpack )?image "[^"]*": ',
            r'failed to resolve (?:reference|image) "[^"]*": ',
            r"failed to (?:do request|authorize|copy|fetch (?:anonymous|oauth) token): ",
            r"httpReadSeeker: |failed open: ",
            r'(?:Head|Get|Post|HEAD|GET|POST) "[^"]*": ',
            r"unexpected status(?: code)? (?:from (?:HEAD|GET|POST) request to )?\S+: (?=\d)",
            r"dial tcp: (?=lookup )|tls: (?=failed to verify)|failed to verify certificate: ",
            r"rpc error: code = \w+ desc = ",
            r"[Ff]ailed to create pod sandbox: ",
            r'failed to set ?up network for sandbox "[^"]*": ',
            r"failed to create containerd (?:task|container): ",
            r"failed to (?:create|start) shim task: ",
            r'failed to (?:create|start|run) container "[^"]*": ',
            r'failed to generate (?:container )?"?[^":]*"? ?spec: ',
            r"OCI runtime (?:create|start|exec) failed: ",
            r"(?:runc|crun|container) create failed: ",
            r"unable to start container process: ",
            r"error during container init: ",
            r"failed to apply OCI options: ",
            r"container_linux\.go:\d+: starting container process caused: ",
            r"Internal error occurred: (?=failed calling webhook)|failed to call webhook: ",
            r"Pod was rejected: ",
            r"(?:policy|resource) \S+ (?:for resource violation:|was blocked due to .*policies:?) ",
        )
    )
)
"""What only says through which hands a cause has gone."""
_ABOUT: Final = re.compile(
    r'(\S+ "[^"]{0,253}" is (?:invalid|forbidden)): '
    r'|(admission webhook "[^"]{1,253}") denied the request: '
    r"|(ValidatingAdmissionPolicy '[^']{1,253}')(?: with binding '[^']{1,253}')? denied request: "
    r'|failed calling (webhook "[^"]{1,253}"): '
    r'|MountVolume\.\w+ failed for (volume "[^"]{1,253}") ?: '
    r"|(0/\d+ nodes are available): "
)
"""What a cause is about, or who says it: people want to read that last."""
_IMAGE: Final = re.compile(r'(?:pulling image|pull (?:and unpack )?image|image tag) "([^"]*)"')
_ENDINGS: Final = re.compile(
    r"(?:\s*(?:no new claims to deallocate, )?preemption: .*"
    r"|\s*\(pod: \"[^\"]*\", container: \w+\))$",
    re.DOTALL,
)
_CONTAINERD_END: Final = ": unknown"
"""So containerd ends its chains."""
_NODES: Final = "nodes are available"
_OTHER_CLASSES: Final = "didn't match Pod's node affinity/selector"
"""The nodes of other machine classes: hardly ever what is wrong."""
_TRACEBACK: Final = "Traceback (most recent call last):"
_ABOUT_BYTES: Final = 160
"""Most of what is told of what a cause is about."""


@lru_cache(maxsize=2048)  # the same is said of a run again and again while it waits
def sentence(text: str, limit_bytes: int = MESSAGE_BYTES) -> str:
    """`text` as one line of at most so many bytes that begins with its cause.

    The same again where it has been through here before.
    """
    if len(text) <= limit_bytes and ": " not in text:
        return shortened(text, limit_bytes)
    cause, about = _parted(_last_raised(text))
    tail = f" ({shortened(about, _ABOUT_BYTES)})" if about else ""
    room = limit_bytes - len(tail.encode())
    if room < limit_bytes // 2:
        return shortened(cause, limit_bytes)
    return shortened(cause, room) + tail


def _last_raised(text: str) -> str:
    """Of a Python traceback, its last line: what was raised."""
    if _TRACEBACK not in text:
        return text
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    raised = [line for line in lines if not line.startswith((" ", "\t", _TRACEBACK))]
    return raised[-1] if raised else text


def _parted(text: str) -> tuple[str, str]:
    """The cause, and what it is about."""
    whole = one_line(text, 4 * len(text))
    cause, about = whole, ""
    if "preemption: " in whole or "(pod: " in whole:
        cause = _ENDINGS.sub("", whole)
    image = _IMAGE.search(cause) if "image" in cause else None
    while True:
        hands, subject = _HANDS.match(cause), _ABOUT.match(cause)
        if subject is not None and subject.end() < len(cause):
            named = next(group for group in subject.groups() if group)
            about = f"{about}; {named}".removeprefix("; ")
            cause = cause[subject.end() :]
            if _NODES in named:
                cause = _own_class_first(cause)
        elif hands is not None and hands.end() < len(cause):
            cause = cause[hands.end() :].removesuffix(_CONTAINERD_END)
        else:
            break
    if image is not None and image[1] not in cause:
        about = f'{about}; image "{image[1]}"'.removeprefix("; ")
    return cause, about


def _own_class_first(causes: str) -> str:
    listed = causes.rstrip(". ").split(", ")
    return ", ".join(sorted(listed, key=lambda cause: _OTHER_CLASSES in cause))
