"""Which survivors fail the run."""

from pathlib import Path

import pytest

from hack.mutants import survivors
from hack.mutants.survivors import Mutant

ONE = Mutant("stagework.policies.retry.after", "return a + b", "return a - b")
OTHER = Mutant("stagework.policies.slots.Line.add", "x = 1", "x = 2")
ELSEWHERE = Mutant("stagework.cluster.apply.send", "x = 1", "x = None")

RESULTS = """\
    stagework.policies.retry.x_after__mutmut_1: survived
    stagework.policies.retry.x_after__mutmut_2: timeout
    stagework.policies.retry.x_after__mutmut_3: no tests
"""
SHOWN = """\
# stagework.policies.retry.x_after__mutmut_1: survived
--- src/stagework/policies/retry.py
+++ src/stagework/policies/retry.py
@@ -1,4 +1,4 @@
 def after(a: int, b: int) -> int:
     # as long as
-    return a + b
+    return a - b
"""


def test_what_no_test_noticed_or_even_ran_is_a_survivor() -> None:
    results = survivors.results(RESULTS)
    assert [name for name, result in results.items() if result not in survivors.NOTICED] == [
        "stagework.policies.retry.x_after__mutmut_1",
        "stagework.policies.retry.x_after__mutmut_3",
    ]


def test_a_survivor_is_known_by_its_function_and_its_change() -> None:
    assert survivors.read("stagework.policies.retry.x_after__mutmut_1", SHOWN) == ONE


def test_a_method_is_named_with_its_class() -> None:
    name = "stagework.policies.slots.xǁLineǁadd__mutmut_7"
    assert survivors.read(name, SHOWN).function == "stagework.policies.slots.Line.add"


def test_a_survivor_in_policies_is_a_failure_unless_it_is_equivalent() -> None:
    verdict = survivors.judge([ONE, OTHER, ELSEWHERE], [OTHER], whole=True)

    assert verdict.unnoticed == (ONE,)
    assert verdict.equivalent == (OTHER,)
    assert verdict.elsewhere == (ELSEWHERE,)
    assert verdict.outdated == ()


@pytest.mark.parametrize(("whole", "outdated"), [(True, (OTHER,)), (False, ())])
def test_the_list_is_outdated_only_where_all_was_tried(
    whole: bool, outdated: tuple[Mutant, ...]
) -> None:
    assert survivors.judge([], [OTHER], whole=whole).outdated == outdated


def test_each_equivalent_has_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "list.toml"
    entry = '[[equivalent]]\nfunction = "f"\nbefore = "a"\nafter = "b"\n'
    path.write_text(entry)
    with pytest.raises(ValueError, match="no reason"):
        survivors.equivalents(path)
    path.write_text(entry + 'reason = "c"\n')
    assert survivors.equivalents(path) == [Mutant("f", "a", "b")]
