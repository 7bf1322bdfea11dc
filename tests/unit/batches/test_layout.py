"""Where a batch's files lie, and which addresses name them."""

import pytest

from stagework.batches.layout import BatchFolder, fold_order, folder_of, ledger_of

FOLDER = BatchFolder("team", "uid-1")


def test_an_address_names_a_batch_or_its_ledger() -> None:
    assert folder_of("artifact://team/batches/uid-1") == FOLDER
    assert folder_of("artifact://team/batches/uid-1/") == FOLDER
    assert ledger_of("artifact://team/batches/uid-1/ledger.csv") == (FOLDER, "ledger.csv")
    assert str(FOLDER) == "team/batches/uid-1"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "team/batches/uid-1",
        "artifact://team/batches",
        "artifact:///batches/uid-1",
        "artifact://team/uploads/uid-1",
        "artifact://team/batches/uid-1/manifest.jsonl",
        "artifact://team/batches/../x",
        "artifact://team/batches/a b",
        "s3://team/batches/uid-1",
    ],
)
def test_other_addresses_name_none(address: str) -> None:
    assert folder_of(address) is None
    assert ledger_of(address) is None


def test_folds_are_ordered_by_round_and_attempt() -> None:
    names = ["r1-0-2-1", "r0-10-10-1", "r0-0-10-2", "r0-0-10-1"]
    ordered = sorted(names, key=lambda name: fold_order(name) or (9, 9, 9, 9))
    assert ordered == ["r0-0-10-1", "r0-10-10-1", "r0-0-10-2", "r1-0-2-1"]
    assert fold_order("notes") is None
