"""Settings and kubeconfig of an operator under test, as objects and as files."""

from pathlib import Path
from typing import Any, Final

import orjson
import yaml

from stagework.settings import Settings
from tests.support.fakeapi.resources import Json

NAMESPACE: Final = "ns"
"""Where the tests' runs live."""
RELEASE_NAMESPACE: Final = "stagework-system"
MACHINES: Final = ("gpu", "macmini", "macbook")


def settings_document(*, slots: int = 4, **engine: Any) -> Json:
    """What the settings file says; `engine` changes its section."""
    classes = [
        {"key": key, "nodeSelector": {"stagework.dev/machine": key}, "slotsPerNode": slots}
        for key in MACHINES
    ]
    return {
        "releaseNamespace": RELEASE_NAMESPACE,
        "fleet": {"machineClasses": classes},
        "engine": {"requestsPerSecond": 5000, **engine},
        "logLevel": "WARNING",
    }


def settings(**changes: Any) -> Settings:
    """The same, checked."""
    return Settings.model_validate(settings_document(**changes))


def write_files(folder: Path, url: str, document: Json) -> dict[str, str]:
    """Settings file and kubeconfig; answers the environment that names them."""
    settings_file = folder / "settings.yaml"
    settings_file.write_text(yaml.safe_dump(document))
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(
        orjson.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "fake",
                "clusters": [{"name": "fake", "cluster": {"server": url}}],
                "users": [{"name": "fake", "user": {"token": "none"}}],
                "contexts": [
                    {"name": "fake", "context": {"cluster": "fake", "user": "fake"}},
                ],
            }
        ).decode()
    )
    return {"STAGEWORK_SETTINGS": str(settings_file), "KUBECONFIG": str(kubeconfig)}
