"""Signing in to the API service, with the person's own rights and nobody else's.

We ask the API server who we are, write that into a SignIn with the digest of a secret of ours (an
admission policy compares it with who writes), and show the secret to the API service, which takes
the SignIn away and gives a ticket of ten minutes. So a client certificate does as well as a token,
and neither leaves this machine.
"""

import hashlib
import secrets
from typing import Any, Final

from stagekit.contract import HEADER_AUTHORIZATION
from stagework.api import names
from stagework.api.kinds import SIGN_IN
from stagework.cli import replies
from stagework.cli.cluster import Answer, Cluster
from stagework.cli.objects import Objects

_SECRET_BYTES: Final = 32
_FIELDS: Final = ("username", "uid", "groups", "extra")


def ask_for_ticket(cluster: Cluster, namespace: str, path: str) -> Answer:
    """What `path`, the service's route for tickets, answers; raises CommandError before that."""
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    name = _make_sign_in(cluster, namespace, hashlib.sha256(secret.encode()).hexdigest())
    proof = {HEADER_AUTHORIZATION: f"SignIn {namespace}/{name}/{secret}"}
    return cluster.request("POST", path, body=b"", headers=proof)


def _make_sign_in(cluster: Cluster, namespace: str, digest: str) -> str:
    objects = Objects(cluster)
    user = objects.user()
    # As the API server says it, to the letter: what is empty is left out there, too.
    spec: dict[str, Any] = {field: user[field] for field in _FIELDS if user.get(field)}
    body = {
        "apiVersion": names.API_VERSION,
        "kind": SIGN_IN.kind,
        "metadata": {"generateName": "cli-", "namespace": namespace},
        "spec": {**spec, "secretDigest": digest},
    }
    made = objects.create(SIGN_IN.resource, namespace, body)
    return str(replies.mapping(made.get("metadata")).get("name", ""))
