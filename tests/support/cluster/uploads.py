"""Files brought to the artifact service, as people do it and as the command line never would."""

from collections.abc import Mapping
from pathlib import Path

from tests.support.cluster.release import SERVICE
from tests.support.cluster.space import Space

ACCOUNT = "uploader"
"""Who asks the service for what the command line does not."""


def upload(space: Space, file: Path) -> str:
    """`stagework upload FILE`: its address."""
    answer = space.stagework("upload", str(file))
    assert answer.ok, answer.printed
    return answer.out.split()[0]


def token(space: Space) -> str:
    """Of an account that may do what people may who work in the namespace."""
    if not space.try_kubectl("get", "serviceaccount", ACCOUNT).ok:
        space.kubectl("create", "serviceaccount", ACCOUNT)
        space.kubectl(
            *("create", "rolebinding", ACCOUNT, "--clusterrole=stagework-edit"),
            f"--serviceaccount={space.namespace}:{ACCOUNT}",
        )
    return space.kubectl("create", "token", ACCOUNT, "--audience=stagework").out.strip()


def store(space: Space, files: Mapping[str, tuple[str, bytes]]) -> dict[str, str]:
    """Addresses of files given as name and content; what the command line would refuse is taken."""
    given = token(space)
    return {key: _put(space, given, *file) for key, file in files.items()}


def _put(space: Space, token: str, name: str, content: bytes) -> str:
    reply = space.api.request(
        "PUT",
        f"{SERVICE}/v1/uploads/{space.namespace}/{name}",
        body=content,
        headers={
            "X-Stagework-Authorization": f"Bearer {token}",
            "Content-Length": str(len(content)),
            "Content-Type": "application/octet-stream",
        },
    )
    assert reply.status in {200, 201}, reply
    return str(reply.document()["uri"])
