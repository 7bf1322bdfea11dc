"""What is done stays done: Pods and Jobs of finished stages may be cleared away by anybody."""

import json
from pathlib import Path

from tests.support.cluster.space import Space
from tests.support.cluster.stages import HOLD, retry, run_of, shell, skip, wrapped
from tests.support.cluster.waiting import stage_is


def test_finished_stages_outlive_their_pods_and_jobs(space: Space, tmp_path: Path) -> None:
    space.apply(
        run_of(
            "cleared",
            wrapped("one", "mkdir -p out && echo first > out/one.txt"),
            wrapped("two", "cp in/one/one.txt out.tmp && mkdir -p out && mv out.tmp out/two.txt"),
            shell("gate", HOLD),
            wrapped("three", "mkdir -p out; cat in/one/one.txt in/two/two.txt > out/three.txt"),
        )
    )
    space.wait_for("cleared", stage_is("gate", state="Running"))
    before = {name: space.stage_of("cleared", name) for name in ("one", "two")}
    for name in ("one", "two"):
        space.kubectl("delete", "pod", space.pod_of("cleared", name)["metadata"]["name"])
        # Where the Job controller had not yet counted the Pod, the operator has done it already.
        space.kubectl("delete", "job", before[name]["job"], "--ignore-not-found")

    me = space.commands.me()
    answer = space.answer_to(space.create(skip("cleared", "gate", by=me, descendants="Run")))
    assert answer["affected"] == 1
    space.wait_for_end("cleared", "CompletedWithSkips")

    after = {name: space.stage_of("cleared", name) for name in ("one", "two")}
    assert after == before
    folder = space.results("cleared", tmp_path)
    assert (folder / "three" / "three.txt").read_text() == "first\nfirst\n"

    # A retry of the last stage still finds what the vanished ones had made.
    space.answer_to(space.create(retry("cleared", "three", by=me)))
    space.wait_for("cleared", stage_is("three", state="Succeeded", attempt=2))
    assert json.dumps(space.stage_of("cleared", "one")) == json.dumps(before["one"])
