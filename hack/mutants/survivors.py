"""What no test noticed, and which of it no test can notice."""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NOTICED = frozenset({"killed", "timeout", "caught by type check", "segfault", "suspicious"})


@dataclass(frozen=True, order=True)
class Mutant:
    """One wrong change: to which function, from what, to what (lines joined by spaces)."""

    function: str
    before: str
    after: str

    @property
    def of_a_policy(self) -> bool:
        """Whether it has to be noticed."""
        return self.function.startswith("stagework.policies.")

    def __str__(self) -> str:
        return f"{self.function}\n    - {self.before}\n    + {self.after}"


@dataclass(frozen=True)
class Verdict:
    """Survivors by what they mean."""

    unnoticed: tuple[Mutant, ...]
    """In policies, and in no list: a test is missing."""
    elsewhere: tuple[Mutant, ...]
    equivalent: tuple[Mutant, ...]
    outdated: tuple[Mutant, ...]
    """In the list, but not among the survivors: the list should forget them."""


def results(printed: str) -> dict[str, str]:
    """What became of each mutant, by name, from what ``mutmut results`` prints."""
    parts = (line.strip().rpartition(": ") for line in printed.splitlines())
    return {name: result for name, colon, result in parts if colon}


def read(name: str, shown: str) -> Mutant:
    """Make sense of what ``mutmut show`` prints of one."""
    lines = shown.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("@@"))
    removed, added = (_joined(lines[start:], sign) for sign in "-+")
    module, _, mangled = name.rpartition("__mutmut_")[0].rpartition(".")
    function = mangled.removeprefix("x_").removeprefix("xǁ").replace("ǁ", ".")
    return Mutant(f"{module}.{function}", removed, added)


def _joined(lines: Iterable[str], sign: str) -> str:
    return " ".join(line[1:].strip() for line in lines if line.startswith(sign))


def equivalents(path: Path) -> list[Mutant]:
    """Read the list of those that no test can notice; each has to say why."""
    entries: list[dict[str, Any]] = tomllib.loads(path.read_text()).get("equivalent", [])
    for entry in entries:
        if not entry.get("reason"):
            raise ValueError(f"{path}: no reason is given for {entry}")
    return [Mutant(entry["function"], entry["before"], entry["after"]) for entry in entries]


def judge(survivors: Sequence[Mutant], known: Sequence[Mutant], *, whole: bool) -> Verdict:
    """Tell which survivors are a failure; ``whole``: all policies were tried."""
    policies = [mutant for mutant in survivors if mutant.of_a_policy]
    return Verdict(
        unnoticed=tuple(sorted(mutant for mutant in policies if mutant not in known)),
        elsewhere=tuple(sorted(mutant for mutant in survivors if not mutant.of_a_policy)),
        equivalent=tuple(sorted(mutant for mutant in policies if mutant in known)),
        outdated=tuple(mutant for mutant in known if whole and mutant not in policies),
    )
