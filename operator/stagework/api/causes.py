"""The kubelet's sentences: chains of causes, of which only the last says what is wrong."""

import re
from typing import Final

_WRAPPERS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"Error: ",
        r"(?:Err|Image|Pull|Create|Run)\w*(?:Pull|BackOff|Error|Failed): ",
        r'Back-off pulling image "[^"]*": ',
        r'Failed to apply default image tag "[^"]*": ',
        r'[Ff]ailed to pull (?:and unpack )?image "[^"]*": ',
        r'failed to resolve (?:reference|image) "[^"]*": ',
        r"rpc error: code = \w+ desc = ",
        r"failed to create containerd (?:task|container): ",
        r"failed to (?:create|start) shim task: ",
        r'failed to start container "[^"]*": ',
        r'failed to generate (?:container )?"?[^":]*"? ?spec: ',
        r"OCI runtime (?:create|start|exec) failed: ",
        r"(?:runc|crun|container) create failed: ",
        r"unable to start container process: ",
        r"error during container init: ",
        r"failed to apply OCI options: ",
        r"container_linux\.go:\d+: starting container process caused: ",
    )
)
"""What only says through which hands a cause has gone."""
_IMAGE: Final = re.compile(r'(?:pulling image|pull (?:and unpack )?image|image tag) "([^"]*)"')
_ENDINGS: Final = re.compile(r"(?:: unknown|\s*preemption: .*)$", re.DOTALL)


def cause_first(message: str) -> str:
    """The sentence from its cause on; with the image's name, where it is about one."""
    text = _ENDINGS.sub("", message.strip())
    image = _IMAGE.search(text)
    stripped = True
    while stripped:
        stripped = False
        for wrapper in _WRAPPERS:
            match = wrapper.match(text)
            if match is not None and match.end() < len(text):
                text, stripped = text[match.end() :], True
    if image is not None and image[1] not in text:
        return f'{text} (image "{image[1]}")'
    return text
