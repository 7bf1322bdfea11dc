"""What is told to whoever waits for a slot."""

import pytest

from stagework.plans.pipelinejob.queue_sentence import queue_sentence
from stagework.policies.slots.turn import Holder, Queued, Standing

AD_7 = Holder("ad-7", "overlay", 10)
HOUR, MINUTE = Holder("a", "s", 3600), Holder("b", "t", 60)


@pytest.mark.parametrize(
    ("machine", "standing", "text"),
    [
        pytest.param(
            "gpu",
            Standing(4, 34, slots=2, taken=2, holders=(AD_7,), others=1),
            "a gpu slot: 4th of 34; 2 of 2 taken by ad-7 (overlay, 10 s) and one of another"
            " namespace",
            id="one of its own namespace and one of another",
        ),
        pytest.param(
            "a100",
            Standing(1, 1, slots=1, taken=1, others=1),
            "an a100 slot: 1st of 1; 1 of 1 taken by one of another namespace",
            id="only another namespace",
        ),
        pytest.param(
            "gpu",
            Standing(2, 3, slots=2, taken=2, holders=(HOUR, MINUTE)),
            "a gpu slot: 2nd of 3; 2 of 2 taken by a (s, 1 h) and b (t, 1 min)",
            id="only its own",
        ),
        pytest.param(
            "gpu",
            Standing(3, 12, slots=9, taken=9, holders=(AD_7,) * 5, others=4, namespaces=2),
            "a gpu slot: 3rd of 12, 2 namespaces take turns; 9 of 9 taken by ad-7 (overlay, 10 s),"
            " ad-7 (overlay, 10 s), ad-7 (overlay, 10 s), two more and four of other namespaces",
            id="many, and namespaces that take turns",
        ),
        pytest.param(
            "gpu",
            Standing(3, 12, slots=2, taken=2, shared=True),
            "a gpu slot: 3rd of 12, batches take turns; 2 of 2 taken",
            id="batches that take turns",
        ),
        pytest.param(
            "gpu",
            Standing(3, 12, slots=2, taken=2, namespaces=2, shared=True),
            "a gpu slot: 3rd of 12, 2 namespaces and the batches of this one take turns; 2 of 2"
            " taken",
            id="namespaces and batches that take turns",
        ),
        pytest.param(
            "gpu",
            Standing(300, 2000, far=True, is_long=True, slots=12, taken=12, others=12),
            "a gpu slot: about 300th of about 2000; 12 of 12 taken by 12 of other namespaces",
            id="far back",
        ),
        pytest.param(
            "gpu",
            Standing(11, 12, slots=1, taken=1),
            "a gpu slot: 11th of 12; 1 of 1 taken",
            id="nobody is named",
        ),
        pytest.param(
            "gpu",
            Standing(slots=1, taken=1),
            "a gpu slot: its place is told in a moment; 1 of 1 taken",
            id="not told yet",
        ),
    ],
)
def test_the_sentence(machine: str, standing: Standing, text: str) -> None:
    assert queue_sentence(Queued(machine, standing)) == f"waits for {text}"
