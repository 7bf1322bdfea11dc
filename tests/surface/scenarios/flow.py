"""Runs to which nothing bad happens, and specs that cannot be carried out."""

from tests.support.fakeapi.resources import PIPELINE_JOBS
from tests.support.operators import scenario as nine_stages
from tests.support.operators.setup import NAMESPACE, settings_document
from tests.support.operators.world import World
from tests.surface.driving import (
    RUN,
    WORKS,
    ended,
    fork,
    line,
    pipeline,
    run_of,
    scenario,
)


@scenario()
async def an_inline_run(world: World) -> None:
    """Three stages, one after another."""
    world.apply(RUN, line("a", "b", "c"))
    await ended(world)


@scenario()
async def a_run_of_a_pipeline(world: World) -> None:
    """Its stages are kept in a revision; params have defaults; a second run shares the revision."""
    params = [{"name": "style", "default": "plain"}, {"name": "text", "required": True}]
    pipeline(world, "ads", line("draw", "check"), params=params)
    run_of(world, "ads", params={"text": "50% $off"})
    await ended(world)
    body = {"pipelineRef": {"name": "ads"}, "params": {"text": "x", "style": "bold"}}
    world.store.create(PIPELINE_JOBS, NAMESPACE, {"metadata": {"name": "second"}, "spec": body})
    await ended(world, "second")


@scenario()
async def a_pipeline_that_appears_later(world: World) -> None:
    """The run waits for it."""
    run_of(world, "late")
    await world.until(lambda: world.summary(RUN) != "")
    pipeline(world, "late", line("a"))
    await ended(world)


@scenario()
async def params_missing_and_unknown(world: World) -> None:
    """The run is refused with what to change."""
    pipeline(world, "ads", line("a"), params=[{"name": "text", "required": True}])
    run_of(world, "ads", params={"txet": "x"})
    await ended(world)


@scenario()
async def an_unknown_machine_class(world: World) -> None:
    """The run is refused."""
    world.apply(RUN, line("a", runsOn=["mainframe"]))
    await ended(world)


@scenario()
async def stages_in_a_wrong_order(world: World) -> None:
    """A dependency that is listed below, and a name that is used twice."""
    world.apply(RUN, [*line("a", dependsOn=["b"]), *line("b", "b")])
    await ended(world)


@scenario()
async def an_unreadable_spec(world: World) -> None:
    """Something that the schema would have refused is stored all the same."""
    world.apply(RUN, line("a", retries="many"))
    await ended(world)


@scenario()
async def an_unreadable_pipeline(world: World) -> None:
    """Likewise in the Pipeline."""
    pipeline(world, "odd", line("a", retries="many"))
    run_of(world, "odd")
    await world.until(lambda: world.summary(RUN) != "")


@scenario()
async def a_fork_and_a_join(world: World) -> None:
    """Two branches on two machines; the last stage gets what both have made."""
    world.apply(RUN, fork())
    await ended(world)


@scenario(
    script={
        ("b", 1): nine_stages.behave,
        ("c", 0): nine_stages.behave,
        ("g", 1): nine_stages.behave,
    }
)
async def everything_at_once(world: World) -> None:
    """Nine stages, a fork, a retry, a person's Skip and Retry."""
    nine_stages.begin(world)
    await world.until(lambda: nine_stages.over(world), seconds=600)


@scenario()
async def env_volumes_and_resources(world: World) -> None:
    """Whatever a stage may say about its container."""
    stage = {
        "command": ["/bin/work"],
        "args": ["--text", "$(STAGEWORK_PARAM_TEXT)"],
        "env": [
            {"name": "PLAIN", "value": "$HOME"},
            {"name": "EMPTY"},
            {"name": "MAPPED", "configMapKeyRef": {"name": "map", "key": "k", "optional": True}},
            {"name": "SECRET", "secretKeyRef": {"name": "keys", "key": "k"}},
            {"name": "STAGEWORK_METHOD", "value": "endpoint"},
        ],
        "resources": {"requests": {"cpu": "2"}, "limits": {"memory": "2Gi", "example.org/x": "1"}},
        "volumes": [
            {"name": "scratch", "mountPath": "/scratch", "emptyDir": "1Gi"},
            {"name": "map", "mountPath": "/map", "configMap": "map"},
            {
                "name": "models",
                "mountPath": "/models",
                "persistentVolumeClaim": "models",
                "readOnly": True,
            },
        ],
        "runAsUser": 4711,
        "timeoutSeconds": 120,
        "startDeadlineSeconds": 60,
    }
    world.apply(RUN, line("a", **stage), params={"text": "a $b"})
    await ended(world)


@scenario()
async def an_input_by_its_address(world: World) -> None:
    """Stages are told where it is."""
    world.apply(RUN, line("a", "b"), input={"uri": "artifact://ns/uploads/abc/my%20shoe.png"})
    await ended(world)


@scenario()
async def title_subject_and_tenant(world: World) -> None:
    """They become labels; the name of the run is as long as it may be."""
    name = "run." + "long-" * 30 + "name"
    world.apply(
        name,
        line("a_stage_with_quite_a_long_name"),
        title="Ad: 50% off!",
        subject="doc 4711",
        tenant="7",
        priority=5,
    )
    await ended(world, name)


@scenario(script={("b", 0): WORKS})
async def any_image_by_exit_code(world: World) -> None:
    """No token, no mark."""
    world.apply(RUN, line("a", "b", contract="ExitCode"), params={"p": "q"})
    await ended(world)


@scenario()
async def any_image_with_files(world: World) -> None:
    """Containers of ours before and beside it, with the token."""
    world.apply(RUN, line("a", "b", contract="Files"), params={"p": "q"})
    await ended(world)


@scenario(settings=settings_document(lookAhead=0))
async def look_ahead_off(world: World) -> None:
    """Each Job is made when its stage's turn comes."""
    world.apply(RUN, line("a", "b", "c"))
    await ended(world)


@scenario(settings=settings_document(lookAhead=4))
async def look_ahead_far(world: World) -> None:
    """Four Jobs wait behind the gate."""
    world.apply(RUN, line("a", "b", "c", "d", "e", "f"))
    await ended(world)


@scenario(machines=4)
async def ten_runs_at_once(world: World) -> None:
    """Each a fork."""
    names = [f"run-{number}" for number in range(10)]
    for name in names:
        world.apply(name, fork())
    await ended(world, *names)


_FLEET = settings_document()["fleet"]
_CLASSES = [
    {
        **_FLEET["machineClasses"][0],
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
        "resources": {"nvidia.com/gpu": "1"},
    },
    _FLEET["machineClasses"][1],
    {**_FLEET["machineClasses"][2], "mayBeAway": True},
]


@scenario(
    settings={
        **settings_document(),
        "namespaces": ["ns"],
        "fleet": {
            "machineClasses": _CLASSES,
            "stageClasses": {"b": ["macbook", "gpu"]},
            "defaultClasses": ["macmini"],
        },
        "stagePods": {"runAsUser": 5, "cpuRequest": "1", "imagePullPolicy": "Always"},
        "api": {"url": "http://api.example.org", "audience": "ours"},
    }
)
async def settings_of_an_administrator(world: World) -> None:
    """One namespace; classes by the static map; tolerations, resources and defaults of Pods."""
    world.apply(RUN, [*line("a", runsOn=[]), *line("b", runsOn=[]), *line("c")])
    await ended(world)


@scenario(operator=False)
async def runs_from_before_the_operator(world: World) -> None:
    """It finds them in its first list."""
    pipeline(world, "ads", line("a"))
    run_of(world, "ads")
    world.apply("other", line("a"))
    world.start_operator()
    await ended(world, RUN, "other")
