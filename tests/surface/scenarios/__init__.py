"""What happens to the recorded operators: one function a scenario, its name is the file's."""

from importlib import import_module
from typing import Final

from tests.surface.driving import SCENARIOS

_MODULES: Final = ("flow", "attempts", "machines", "people", "cluster")


def load() -> list[str]:
    """Fill the table of scenarios; answers their names."""
    for module in _MODULES:
        import_module(f"{__name__}.{module}")
    return list(SCENARIOS)
