"""Who may make what belongs to built-in tasks: their schedules and their Jobs.

A task's Pod has the token of an account that may do more than a stage. So the operator, which makes
its Job for a ScheduledJob, may do that in the release's namespace alone, with the release's image,
the task's own command and account, and nothing by which that command could be made to do something
else: no other container, environment, volume or working directory.

The chart gives three variables: `releaseNamespace`, `image`, and `taskSecrets`, the names of the
Secrets that tasks are given.
"""

from typing import Final

from stagework.api import names
from stagework.api.admission_parts import (
    IS_OPERATOR,
    OWN_TOKEN,
    POD,
    RESTRICTED,
    Policy,
    is_controlled,
    is_nobody,
    refusal,
    rule,
    variable,
)
from stagework.api.kinds import SCHEDULEDJOB
from stagework.api.tasks import (
    CONTAINER,
    ENVIRONMENT,
    MOUNTS,
    SETTINGS_CONFIG_MAP,
    TASKS,
    command_of,
    task_object_name,
)

_IN_RELEASE: Final = "request.namespace == variables.releaseNamespace"
_LABEL: Final = f"'{names.LABEL_TASK}'"
_ACCOUNTS: Final = {task: task_object_name(task) for task in TASKS}
_TASK: Final = "object.spec.template.task"
_ONLY: Final = "variables.containers[0]"


def by_hand() -> str:
    """CEL: whoever may make Jobs in the release's namespace may run a task by hand."""
    return f"variables.added.all(k, k == {_LABEL} && {_IN_RELEASE})"


def by_hand_below() -> str:
    """CEL: likewise, of the labels of its Pods."""
    return f"variables.addedBelow.all(k, k == {_LABEL} && {_IN_RELEASE})"


def task_variables() -> list[Policy]:
    """Of the policy about Jobs: is it a task's, and which one's?"""
    labels = "object.metadata.labels"
    is_there = f"has({labels}) && {_LABEL} in {labels}"
    return [
        variable("ofTask", f"variables.made && {is_controlled([SCHEDULEDJOB.kind])}"),
        variable("task", f"{is_there} ? string({labels}[{_LABEL}]) : ''"),
    ]


def task_shape() -> list[Policy]:
    """What the operator makes for a ScheduledJob is the Job of a built-in task."""
    containers = f"variables.containers.all(c, {RESTRICTED})"
    return [
        _of_shape(_IN_RELEASE, "in the namespace of the release"),
        _of_shape(_is_named(), "the name of a task as label"),
        _of_shape(_has_its_account(), "the account of that task"),
        _of_shape(is_nobody(), "a user that is not root, and nothing of the node's"),
        _of_shape(containers, "a container without privileges"),
        _of_shape(_is_its_program(), "the task's command in the release's image, nothing beside"),
        _of_shape(_has_its_volumes(), "the task's own volumes, where they belong"),
        _of_shape(_asks_the_usual(), "the cluster's own names"),
    ]


def about_schedules() -> Policy:
    """Tasks stand in the release's namespace; the operator writes the chart's schedules alone."""
    unchanged = (
        "oldObject != null && has(oldObject.spec.template.task) "
        f"&& oldObject.spec.template.task == {_TASK}"
    )
    own = f"has({_TASK}) && {_TASK}.name in {_ACCOUNTS} && object.metadata.name == "
    return {
        "name": "schedules",
        "resourceRules": [rule(SCHEDULEDJOB.resource, "CREATE", "UPDATE")],
        "variables": [variable("byOperator", IS_OPERATOR)],
        "validations": [
            refusal(
                f"!has({_TASK}) || {_IN_RELEASE} || ({unchanged})",
                "spec.template.task stands only in the namespace of stagework's release",
                "'spec.template.task stands only in the namespace of stagework\\'s release: make "
                "it in namespace ' + variables.releaseNamespace",
            ),
            refusal(
                f"!variables.byOperator || ({_IN_RELEASE} && {own}{_ACCOUNTS}[{_TASK}.name])",
                "the operator writes only the schedules of built-in tasks",
            ),
        ],
    }


def _is_named() -> str:
    below = "object.spec.template.metadata.labels"
    allowed = [names.LABEL_TASK, names.LABEL_SCHEDULE]
    return (
        f"variables.task in {_ACCOUNTS} && variables.added.all(k, k in {allowed}) "
        f"&& variables.addedBelow == [{_LABEL}] && {below}[{_LABEL}] == variables.task"
    )


def _has_its_account() -> str:
    return (
        f"has({POD}.serviceAccountName) && variables.task in {_ACCOUNTS} "
        f"&& {POD}.serviceAccountName == {_ACCOUNTS}[variables.task]"
    )


def _is_its_program() -> str:
    words = ", ".join(f"'{word}'" for word in command_of("@")).replace("'@'", "variables.task")
    unwanted = (
        *("args", "envFrom", "workingDir", "lifecycle", "volumeDevices"),
        *("livenessProbe", "readinessProbe", "startupProbe"),
    )
    bare = " && ".join(f"!has({_ONLY}.{field})" for field in unwanted)
    return (
        f"size(variables.containers) == 1 && {_ONLY}.name == '{CONTAINER}' "
        f"&& {_ONLY}.image == variables.image && has({_ONLY}.command) "
        f"&& {_ONLY}.command == [{words}] && {bare} "
        f"&& (!has({_ONLY}.env) || {_ONLY}.env.all(e, e.name in {list(ENVIRONMENT)} "
        "&& has(e.value)))"
    )


def _has_its_volumes() -> str:
    paths = dict(MOUNTS)
    sources = (
        f"v.name == 'settings' && has(v.configMap) && v.configMap.name == '{SETTINGS_CONFIG_MAP}'",
        (
            "v.name == 'token' && has(v.projected) && has(v.projected.sources) "
            f"&& v.projected.sources.all(s, {OWN_TOKEN})"
        ),
        "v.name == 'job-data' && has(v.downwardAPI)",
        (
            "v.name in ['alerts', 's3'] && has(v.secret) "
            "&& v.secret.secretName in variables.taskSecrets"
        ),
        "v.name == 'tmp' && has(v.emptyDir)",
    )
    known = " || ".join(f"({source})" for source in sources)
    return (
        f"variables.volumes.all(v, {known}) && {_ONLY}.volumeMounts.all(m, "
        f"m.name in {paths} && m.mountPath == {paths}[m.name] && !has(m.subPathExpr))"
    )


def _asks_the_usual() -> str:
    """Its token for the API service goes nowhere else."""
    fields = ("hostAliases", "dnsConfig", "shareProcessNamespace", "runtimeClassName")
    return " && ".join(f"!has({POD}.{field})" for field in fields)


def _of_shape(check: str, what: str) -> Policy:
    text = f"the operator makes for a {SCHEDULEDJOB.kind} only Jobs of built-in tasks: with {what}"
    return refusal(f"!variables.ofTask || ({check})", text)
