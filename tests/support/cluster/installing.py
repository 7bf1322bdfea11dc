"""The release as the stories want it, so that none has to upgrade it: with the tests' own server
for every model endpoint, with their bucket as a store of items, and with all tasks.

`python -m tests.support.cluster.installing` installs it (`make e2e`).
"""

import json

from hack.devcluster.deploy import deploy
from tests.support.cluster import bucket, models, tasks
from tests.support.cluster.asking import ASKING
from tests.support.cluster.commands import RELEASE_NAMESPACE, Commands, Document, program
from tests.support.modelserver.server import KEY


def install_release(commands: Commands) -> None:
    """The chart with these values, and the keys that it wants."""
    _apply(commands, _namespace(RELEASE_NAMESPACE))
    restricted = {"pod-security.kubernetes.io/enforce": "restricted"}
    for name in (models.NAMESPACE, bucket.NAMESPACE, tasks.NAMESPACE):
        _apply(commands, _namespace(name, restricted))
    _apply(commands, _secret(models.SECRET, {"models": KEY}))
    _apply(commands, _secret(bucket.SECRET, bucket.KEYS))
    endpoints = json.dumps(dict.fromkeys(sorted(set(ASKING.values())), models.SETTINGS))
    deploy(
        *("--set-string", f"api.modelKeysSecret={models.SECRET}"),
        *("--set-json", f"settings.models={endpoints}"),
        *("--set-string", f"api.storeKeysSecret={bucket.SECRET}"),
        *("--set-json", f"settings.batches.stores={json.dumps([bucket.SETTINGS])}"),
        *("--set-json", f"tasks={json.dumps(tasks.values())}"),
        *("--set-json", f"settings.artifacts.internalHosts={json.dumps([tasks.HOST])}"),
    )


def _apply(commands: Commands, document: Document) -> None:
    commands.must("apply", "--server-side", "-f", "-", stdin=json.dumps(document))


def _namespace(name: str, labels: dict[str, str] | None = None) -> Document:
    metadata = {"name": name, "labels": labels or {}}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def _secret(name: str, content: dict[str, str]) -> Document:
    metadata = {"name": name, "namespace": RELEASE_NAMESPACE}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": content}


if __name__ == "__main__":
    install_release(Commands(program("kubectl"), program("helm")))
