"""Every test that the page on security names is there."""

import re

import pytest

from tests.support.pages import ROOT

NAMED = re.compile(r"`((?:unit|integration|chart|e2e)/[a-z0-9_/]+\.py)(?:::([a-z0-9_]+))?`")
FOUND = NAMED.findall((ROOT / "docs/security.md").read_text())


def test_the_page_names_many() -> None:
    assert len(FOUND) > 30


@pytest.mark.parametrize(("file", "test"), FOUND)
def test_a_test_that_is_named_is_there(file: str, test: str) -> None:
    text = (ROOT / "tests" / file).read_text()
    assert f"def {test}(" in text if test else "def test_" in text
