"""What goes, and what stays though it is old: a table."""

from datetime import timedelta
from typing import Any

import pytest

from stagework.api.observed import ObjectCondition, OwnerReference
from stagework.api.tasks import DataCleanupData
from stagework.tasks.data_cleanup.judge import (
    Finishing,
    Goes,
    InputView,
    ItemsView,
    Meta,
    SpecView,
    StageOutputView,
    StatusView,
    Stays,
    judge,
)
from tests.support.tasks import NOW

DATA = DataCleanupData(keepFinishedSeconds=100, keepFailedSeconds=1000)


def run(
    name: str = "ad",
    *,
    succeeded: str = "True",
    ended_ago: float | None = 100,
    on: str = "",
    ttl: int | None = None,
    **meta: Any,
) -> Finishing:
    ended = None if ended_ago is None else NOW - timedelta(seconds=ended_ago)
    return Finishing(
        Meta(name, "team", f"uid-of-{name}", **meta),
        SpecView(InputView(on) if on else None, ttl),
        StatusView((ObjectCondition("Succeeded", succeeded),), ended),
    )


OWNED = OwnerReference(uid="b", controller=True, kind="Batch", name="b", api_version="x/v1")


@pytest.mark.parametrize(
    ("target", "goes"),
    [
        (run(), True),
        (run(ended_ago=99), False),
        (run(succeeded="False"), False),
        (run(succeeded="False", ended_ago=1000), True),
        (run(succeeded="Unknown", ended_ago=1000), False),
        (run(ended_ago=None), False),
        (run(deletion_timestamp="2026-11-30T00:00:00Z"), False),
        (run(owner_references=(OWNED,)), False),
        (run(ttl=5), False),
        (Finishing(Meta("new", "team", "u")), False),
    ],
)
def test_what_has_ended_goes_once_it_is_old_enough(target: Finishing, goes: bool) -> None:
    verdicts = judge([target], DATA, NOW)
    assert [type(verdict) for verdict in verdicts] == ([Goes] if goes else [])


def test_what_a_running_run_works_on_stays_and_says_for_whom() -> None:
    user = run("user", succeeded="Unknown", on="artifact://team/uid-of-ad/ocr/1-pod/out.txt")
    (verdict,) = judge([run(), user], DATA, NOW)
    assert isinstance(verdict, Stays)
    assert verdict.reason == "user works on its artifacts"
    ended = run("user", ended_ago=1, on="artifact://team/uid-of-ad/ocr/1-pod/out.txt")
    assert [type(verdict) for verdict in judge([run(), ended], DATA, NOW)] == [Goes]


def batch(succeeded: str = "Unknown", source: str = "ad", namespace: str = "team") -> Finishing:
    return Finishing(
        Meta("pictures", namespace, "uid-of-batch"),
        SpecView(items=ItemsView(StageOutputView(source))),
        StatusView((ObjectCondition("Succeeded", succeeded),)),
    )


def test_what_a_batch_has_its_items_from_stays_until_the_batch_has_ended() -> None:
    (verdict,) = judge([run()], DATA, NOW, batches=[batch()])
    assert isinstance(verdict, Stays)
    assert verdict.reason == "Batch pictures works on its artifacts"
    no_source = Finishing(Meta("other", "team", "u"), SpecView(items=ItemsView()))
    for others in (
        [batch("True")],
        [batch("False")],
        [batch(source="other")],
        [batch(namespace="other")],
        [no_source],
        [],
    ):
        assert [type(verdict) for verdict in judge([run()], DATA, NOW, batches=others)] == [Goes]


def test_the_oldest_go_first_and_no_more_than_the_limit() -> None:
    runs = [run(f"r{age}", ended_ago=age) for age in (200, 400, 300)]
    verdicts = judge(runs, DATA.model_copy(update={"limit": 2}), NOW)
    assert [verdict.target.metadata.name for verdict in verdicts] == ["r400", "r300"]
    assert verdicts[0].reason == "ended well at 2026-11-30 11:53 UTC"
