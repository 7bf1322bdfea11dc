"""``python -m hack.mutants [--since REV] [--tests PATH...]``: what ``make mutants`` runs."""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hack.devcluster import cache
from hack.devcluster.commands import logged, output
from hack.devcluster.errors import DevClusterError
from hack.devcluster.paths import ROOT
from hack.devcluster.steps import say, step
from hack.mutants import changes, survivors
from hack.mutants.survivors import Mutant, Verdict

POLICIES = "stagework/policies"
PURE_TESTS = ("tests/unit/policies", "tests/unit/plans")
EQUIVALENTS = ROOT / "tests" / "unit" / "policies" / "equivalent_mutants.toml"
COPIED = ("charts", "crds", "docs", "hack", "images", "manifests", "tests")
"""Besides the product: what its tests read."""


@dataclass(frozen=True)
class Task:
    """What to change wrongly, and who has to notice."""

    lines: dict[str, set[int]] | None
    """By path below operator/; None for all of the policies."""
    tests: tuple[str, ...]

    @property
    def patterns(self) -> list[str]:
        """How mutmut names the files in the copy."""
        if self.lines is None:
            return [f"src/{POLICIES}/*"]
        return [f"src/{path}" for path in self.lines]


def task(revision: str, tests: Sequence[str], policies: Sequence[str]) -> Task:
    """Choose the lines and the tests; policies by name, where not all."""
    if revision:
        changed = changes.changed_lines(ROOT, revision, "operator")
        lines = {path.removeprefix("operator/"): numbers for path, numbers in changed.items()}
        return Task(lines, tuple(tests or _tests_of(lines)))
    named = {f"{POLICIES}/{name}.py": _all_lines(f"{POLICIES}/{name}.py") for name in policies}
    return Task(named or None, tuple(tests or PURE_TESTS))


def _all_lines(path: str) -> set[int]:
    return set(range(1, len((ROOT / "operator" / path).read_text().splitlines()) + 1))


def _tests_of(paths: dict[str, set[int]]) -> list[str]:
    """The pure tests, and the unit tests of the packages that have changed."""
    parts = [path.split("/") for path in paths]
    rooms = {part[1] if part[0] == "stagework" else part[0] for part in parts}
    own = {f"tests/unit/{room}" for room in rooms if (ROOT / "tests" / "unit" / room).is_dir()}
    return sorted(own | set(PURE_TESTS))


def prepare(folder: Path, chosen: Task) -> None:
    """Lay out a copy as mutmut wants it: the source root is named src."""
    skipped = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "operator", folder / "src", ignore=skipped)
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=skipped)
    for path, lines in (chosen.lines or {}).items():
        copy = folder / "src" / path
        copy.write_text(changes.only_mutable(copy.read_text(), lines))
    settings = [
        "[tool.mutmut]",
        'source_paths = ["src"]',
        f"only_mutate = {chosen.patterns}",
        f"also_copy = {[name for name in COPIED if name != 'tests']}",
        'pytest_add_cli_args = ["-p", "no:cacheprovider"]',
        f"pytest_add_cli_args_test_selection = {list(chosen.tests)}",
    ]
    text = (ROOT / "pyproject.toml").read_text()
    (folder / "pyproject.toml").write_text(text + "\n" + "\n".join(settings) + "\n")


def run(folder: Path) -> list[Mutant]:
    """Try every mutant, say how many there were, and return those that no test noticed."""
    mutmut = str(Path(sys.executable).parent / "mutmut")
    children = str(os.cpu_count() or 1)
    environment = {"PYTHONPATH": ""}  # the copy, not the tree
    with step("mutants", "5 min for all policies"):
        command = [mutmut, "run", "--max-children", children]
        mend = "do the tests pass by themselves, twice in one process?"
        logged("mutants", command, environment=environment, folder=folder, mend=mend)
    results = survivors.results(output([mutmut, "results", "--all=true"], folder=folder))
    say(f"     {len(results)} mutants")
    return [
        survivors.read(name, output([mutmut, "show", name], folder=folder))
        for name, result in results.items()
        if result not in survivors.NOTICED
    ]


def report(verdict: Verdict) -> None:
    """Print what was found, the worst last."""
    say(f"     {len(verdict.equivalent)} equivalent mutants of policies, each with its reason")
    for mutant in verdict.outdated:
        say(f"no survivor any more, take it out of {EQUIVALENTS.relative_to(ROOT)}:\n  {mutant}")
    for mutant in verdict.elsewhere:
        say(f"survivor: {mutant}")
    for mutant in verdict.unnoticed:
        say(f"survivor in policies, which no test notices: {mutant}")


def main() -> int:
    """Exit code: 0 none that fails the run, 1 survivors in policies, 2 could not run."""
    parser = argparse.ArgumentParser(description="Try mutants of the product on its tests.")
    parser.add_argument("--since", default="", metavar="REV", help="only lines changed since")
    parser.add_argument("--tests", nargs="*", default=[], help="instead of those of the rooms")
    parser.add_argument("policies", nargs="*", help="only these policies")
    arguments = parser.parse_args()
    chosen = task(arguments.since, arguments.tests, arguments.policies)
    if chosen.lines == {}:
        say(f"     nothing in operator/ has changed since {arguments.since}")
        return 0
    known = survivors.equivalents(EQUIVALENTS)
    try:
        with tempfile.TemporaryDirectory(prefix="mutants-", dir=cache.folder("tmp")) as name:
            prepare(Path(name), chosen)
            alive = run(Path(name))
    except DevClusterError as error:
        say(f"error: {error}")
        return 2
    verdict = survivors.judge(alive, known, whole=chosen.lines is None)
    report(verdict)
    return 1 if verdict.unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
