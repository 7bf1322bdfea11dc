"""The runs of the benches."""

from typing import Final

from tests.support.fakeapi.resources import Json

NAMESPACE: Final = "bench"
_CLASSES: Final = ("gpu", "macmini", "macbook")


def run(name: str, stages: int) -> Json:
    """A PipelineJob whose stages run one after another on the three classes in turn."""
    listed = [
        {
            "name": f"stage_{number}",
            "contract": "Mark",
            "image": "example.org/noop:1",
            "runsOn": [_CLASSES[number % len(_CLASSES)]],
            "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}},
            "env": [{"name": "LEVEL", "value": "info"}],
        }
        for number in range(1, stages + 1)
    ]
    spec = {"stages": listed, "params": {"prompt": "summer shoes, 1080x1080"}, "title": name}
    return {"metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec}
