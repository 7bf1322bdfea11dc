"""The OCI runtime asks runc only for what the machine has."""

import json
from pathlib import Path

import pytest

from hack.devcluster import oci_runtime

EVERYTHING = "Name:\tx\nCapBnd:\t000001ffffffffff\n"
NO_SYS_RESOURCE = "Name:\tx\nCapBnd:\t000001fffeffffff\nCapAmb:\t0000000000000000\n"


def test_a_full_bounding_set_names_every_capability() -> None:
    assert oci_runtime.available(EVERYTHING) == {f"CAP_{name}" for name in oci_runtime.CAPABILITIES}


def test_the_missing_one_is_found_by_its_bit() -> None:
    missing = oci_runtime.available(EVERYTHING) - oci_runtime.available(NO_SYS_RESOURCE)
    assert missing == {"CAP_SYS_RESOURCE"}


def test_a_status_without_the_line_is_an_error() -> None:
    with pytest.raises(ValueError, match="CapBnd"):
        oci_runtime.available("Name:\tx\n")


def test_each_set_is_narrowed_and_keeps_its_order() -> None:
    wanted = {"bounding": ["CAP_KILL", "CAP_SYS_RESOURCE", "CAP_CHOWN"], "ambient": []}
    allowed = oci_runtime.available(NO_SYS_RESOURCE)
    kept = {"bounding": ["CAP_KILL", "CAP_CHOWN"], "ambient": list[str]()}
    assert oci_runtime.narrowed(wanted, allowed) == kept


def test_create_and_exec_are_narrowed_before_runc_takes_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    became: list[list[str]] = []

    def become(program: str, arguments: list[str]) -> None:
        became.append([program, *arguments])

    monkeypatch.setattr("os.execvp", become)
    beyond = {"capabilities": {"bounding": ["CAP_KILL", "CAP_OF_THE_FUTURE"]}, "cwd": "/"}
    narrow = {"capabilities": {"bounding": ["CAP_KILL"]}, "cwd": "/"}
    config, process = tmp_path / "config.json", tmp_path / "process.json"
    config.write_text(json.dumps({"process": beyond, "hostname": "node"}))
    process.write_text(json.dumps(beyond))

    oci_runtime.main(["--root", "/run", "create", f"--bundle={tmp_path}", "id"])
    oci_runtime.main(["exec", "--process", str(process), "id"])
    oci_runtime.main(["state", "id"])

    assert json.loads(config.read_text()) == {"process": narrow, "hostname": "node"}
    assert json.loads(process.read_text()) == narrow
    assert [call[:2] for call in became] == [["runc", "runc"]] * 3
    assert became[2] == ["runc", "runc", "state", "id"]
