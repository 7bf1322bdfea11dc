"""Examples of other engines' kinds, in our manifests, run by the whole operator."""

import asyncio
from typing import Any

import pytest

from stagework.api.pipeline import PipelineSpec
from stagework.api.pipelinejob import PipelineJobSpec
from tests.support.fakeapi.resources import (
    CONFIG_MAPS,
    JOBS,
    PIPELINE_JOBS,
    PIPELINES,
    PODS,
    Json,
    Resource,
    part,
)
from tests.support.fakeapi.store import Change
from tests.support.operators.setup import NAMESPACE
from tests.support.operators.timescale import VirtualTime
from tests.support.operators.world import World
from tests.support.translations import FOLDER, TRANSLATIONS, Translation

KINDS: dict[str, Resource] = {
    resource.kind: resource for resource in (CONFIG_MAPS, PIPELINES, PIPELINE_JOBS)
}
SPECS = {"Pipeline": PipelineSpec, "PipelineJob": PipelineJobSpec}


def name_of(translation: Translation) -> str:
    return translation.file


def test_every_manifest_is_in_the_table_and_there_are_enough() -> None:
    listed = [translation.file for translation in TRANSLATIONS]

    assert sorted(listed) == sorted(path.stem for path in FOLDER.glob("*.yaml"))
    assert len({translation.shows for translation in TRANSLATIONS}) >= 25


def _apply(world: World, documents: list[Json]) -> None:
    """What the fake API server knows: it has no Secrets, and judges no limits."""
    for document in documents:
        resource = KINDS.get(document["kind"])
        if resource is not None:
            world.store.create(resource, NAMESPACE, document)


def _all_pods(world: World) -> dict[str, Json]:
    """The Pods of every stage as they were last seen, kept for they go after the end."""
    pods: dict[str, Json] = {}

    def on_change(change: Change) -> None:
        if change.resource is PODS and change.new is not None:
            labels = part(change.new.data, "metadata", "labels")
            pods[labels["stagework.dev/stage"]] = change.new.data

    world.store.listeners.append(on_change)
    return pods


def _said(world: World, run: str, name: str) -> str:
    stage: dict[str, Any] = world.stage(run, name)
    reason = f"/{stage['reason']}" if stage.get("reason") else ""
    return f"{stage['state']}{reason} {stage['attempt']}"


@pytest.mark.parametrize("translation", TRANSLATIONS, ids=name_of)
def test_it_ends_as_it_should(translation: Translation) -> None:
    if translation.missing:
        pytest.skip(f"needs {', '.join(translation.missing)}")
    timescale = VirtualTime()

    async def main() -> None:
        async with World(timescale, behave=translation.behave) as world:
            pods, run = _all_pods(world), translation.run
            world.start_operator()
            _apply(world, translation.documents())
            people = asyncio.create_task(translation.people(world))
            if translation.ends:
                await world.until(lambda: world.summary(run) == translation.ends, seconds=200)
                states = {name: _said(world, run, name) for name in translation.states}
                assert states == dict(translation.states)
            else:
                await world.until(lambda: not world.store.list(PIPELINE_JOBS), seconds=200)
            await people
            translation.pods(pods)
            world.check_invariants()

    timescale.run(main())


@pytest.mark.parametrize("translation", TRANSLATIONS, ids=name_of)
def test_its_types_are_ours(translation: Translation) -> None:
    if translation.missing:
        pytest.skip(f"needs {', '.join(translation.missing)}")
    for document in translation.documents():
        if document["kind"] in SPECS:
            SPECS[document["kind"]].model_validate(document["spec"])


def test_no_job_is_left_to_be_held() -> None:
    """Of a run that ended before its time, too."""
    (translation,) = (t for t in TRANSLATIONS if t.file == "run-deadline")
    timescale = VirtualTime()

    async def main() -> None:
        async with World(timescale, behave=translation.behave) as world:
            world.start_operator()
            _apply(world, translation.documents())
            await world.until(lambda: world.summary(translation.run) == translation.ends)

            def stages() -> set[str]:
                jobs = world.store.list(JOBS, NAMESPACE)
                return {part(job.data, "metadata", "labels")["stagework.dev/stage"] for job in jobs}

            await world.until(lambda: "third" not in stages())

    timescale.run(main())
