"""The same cause is told once, however often it is said with other numbers."""

import pytest

from stagework.policies.same_cause import is_same_cause, of_pull

QUOTA = "exceeded quota: few, requested: pods=1, used: pods={}, limited: pods=4"
JOB = 'pods "ad-3b87-img-gen-1-{}" is forbidden: no default for cpu'
UID = "11111111-2222-3333-4444-{}"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(QUOTA.format(3), QUOTA.format(12), id="used of a quota"),
        pytest.param("memory=2Gi of 4Gi", "memory=500Mi of 4Gi", id="quantities"),
        pytest.param("0/4 nodes: 3 Insufficient cpu", "0/12 nodes: 4 Insufficient cpu", id="nodes"),
        pytest.param("back-off 10s restarting", "back-off 2m40s restarting", id="back-off"),
        pytest.param("took 1.5s, at 12:30:01.5", "took 300ms, at 12:31:00.1", id="durations"),
        pytest.param(
            "refused at 2026-01-01T00:00:00Z", "refused at 2026-01-01T00:00:59.5+01:00", id="times"
        ),
        pytest.param("dial 10.0.0.7:41344: no", "dial 10.0.0.7:51002: no", id="ports"),
        pytest.param(
            f"request {UID.format('a' * 12)}: no", f"request {UID.format('0' * 12)}: no", id="uids"
        ),
        pytest.param(f"trace {'ab12' * 8}: no", f"trace {'cd34' * 8}: no", id="traces"),
        pytest.param(JOB.format("1a2b3c4d"), JOB.format("ffffffff"), id="a Job made anew"),
        pytest.param(
            JOB.format("1a2b3c4d-x7k2p"), JOB.format("1a2b3c4d-bcdfg"), id="a Pod made anew"
        ),
    ],
)
def test_counters_times_and_names_made_anew_are_no_news(before: str, after: str) -> None:
    assert is_same_cause(before, after)
    assert is_same_cause(after, before)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "exceeded quota: few"),
        ('secret "db-1" not found', 'secret "db-2" not found'),
        ('secret "db1" not found', 'secret "db2" not found'),
        ('configmap "v1.2" not found', 'configmap "v1.2-old" not found'),
        ("exceeded quota: few, requested: pods=1", "exceeded quota: few, requested: cpu=1"),
        ("on node gpu-1", "on node gpu-2"),
        ("image x:v1 not found", "image x:v2 not found"),
        ("0/4 nodes: 3 Insufficient cpu", "0/4 nodes: 3 Insufficient memory"),
    ],
)
def test_other_words_and_names_are_another_cause(before: str, after: str) -> None:
    assert not is_same_cause(before, after)


def test_it_stays_quick_on_whatever_somebody_writes() -> None:
    long = "1:" * 300 + "x", "1:" * 300 + "y"
    assert not is_same_cause(*long)


GONE = "docker.io/library/nosuch:1: not found"
BACK_OFF = "ImagePullBackOff", f'{GONE} (image "docker.io/nosuch:1")'
BARE = "ImagePullBackOff", 'Back-off pulling image "nosuch:1"'
PULL = "ErrImagePull", GONE


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        pytest.param(PULL, BACK_OFF, PULL, id="the same cause in the other word"),
        pytest.param(BACK_OFF, PULL, BACK_OFF, id="and back"),
        pytest.param(PULL, BARE, PULL, id="a sentence without a cause"),
        pytest.param(BARE, PULL, PULL, id="the cause at last"),
        pytest.param(BARE, BARE, BARE, id="no cause at all"),
        pytest.param(
            PULL, ("ErrImagePull", "no such host"), ("ErrImagePull", "no such host"), id="new"
        ),
        pytest.param(PULL, ("ContainerCreating", ""), ("ContainerCreating", ""), id="on its way"),
        pytest.param(("PodCreating", ""), BARE, BARE, id="the first that is said"),
    ],
)
def test_an_image_that_cannot_be_had_is_told_once(
    before: tuple[str, str], after: tuple[str, str], said: tuple[str, str]
) -> None:
    assert of_pull(before, after) == said
