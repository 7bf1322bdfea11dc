"""Who may make what belongs to a run, as admission policies: Jobs, Pods and runs that are children.

What a child says of itself proves nothing, and the operator does not go by it. These policies keep
forgers away besides: whoever may create Jobs cannot make one that looks like a stage's, and the
operator's account, which may create Jobs, runs and batches and change Pods in every namespace, can
make nothing but stages, the runs of Batches, what templates have, and built-in tasks
(`api/admission_tasks.py`), and can but take its gate off a Pod.

Only what is *added* is asked about: the garbage collector takes owners away, people take labels
away, the kubelet and the Job controller write objects that they have not made.

The chart gives variables to each: `operator`, the name of the operator's account, `jobControllers`,
the names that the Job controller may have, and what the policies about tasks need.
"""

from collections.abc import Iterable
from typing import Final

from stagework.api import names
from stagework.api.admission_parts import (
    IS_OPERATOR,
    MADE,
    OWN_TOKEN,
    POD,
    RESTRICTED,
    Policy,
    all_owners,
    is_controlled,
    is_nobody,
    refusal,
    rule,
    variable,
)
from stagework.api.admission_tasks import (
    about_schedules,
    by_hand,
    by_hand_below,
    task_shape,
    task_variables,
)
from stagework.api.kinds import BATCH, PIPELINEJOB, SCHEDULEDJOB, Kind
from stagework.api.resources import JOBS, PODS

MAKERS: Final = (BATCH, SCHEDULEDJOB)
"""Kinds of which the operator makes runs: who may write one was asked then."""
OWNERS: Final = (PIPELINEJOB, *MAKERS)
"""Kinds whose children the operator makes. They count under any API group: the garbage collector
leaves alone what has an owner of a group that it does not know. Our other kinds count in our group
only, since others own Jobs too (`Pipeline` is a kind of several projects)."""

_OURS: Final = f"k.startsWith('{names.GROUP}/')"
_IS_JOB_CONTROLLER: Final = "request.userInfo.username in variables.jobControllers"


def children_policies(owners: Iterable[Kind] = OWNERS) -> list[Policy]:
    """The policies, each with its name, what it is asked about, variables and validations."""
    kinds = [kind.kind for kind in owners]
    return [
        _about_jobs(kinds),
        _about_pods(kinds),
        _about_runs(kinds),
        _about_batches(kinds),
        about_schedules(),
    ]


def _about_jobs(kinds: list[str]) -> Policy:
    template = "spec.template.metadata.labels"
    variables = [
        variable("byOperator", IS_OPERATOR),
        variable("added", _added_labels("metadata.labels")),
        variable("addedBelow", _added_labels(template)),
        variable("owners", _added_owners(kinds)),
    ]
    return {
        "name": "jobs",
        "resourceRules": [rule(JOBS, "CREATE", "UPDATE"), rule(JOBS, "UPDATE", "status")],
        "variables": [*variables, *_shape_variables(), *task_variables()],
        "validations": [
            _only_operator("added", "labels", "a Job", but=by_hand()),
            _only_operator("addedBelow", "labels", "the Pods of a Job", but=by_hand_below()),
            _only_operator("owners", "an owner", "a Job"),
            *_shape(),
            *task_shape(),
        ],
    }


def _about_pods(kinds: list[str]) -> Policy:
    # The gate is removed together with the label of the class that the stage's turn came on.
    turn = f"variables.byOperator && variables.added == ['{names.LABEL_MACHINE}']"
    by = f"variables.byJobController || ({turn} && request.operation == 'UPDATE')"
    return {
        "name": "pods",
        "resourceRules": [rule(PODS, "CREATE", "UPDATE"), rule(PODS, "UPDATE", "status")],
        "variables": [
            variable("byJobController", _IS_JOB_CONTROLLER),
            variable("byOperator", IS_OPERATOR),
            variable("added", _added_labels("metadata.labels")),
            variable("owners", _added_owners(kinds)),
            variable("turned", _TURNED),
        ],
        "validations": [
            refusal(
                f"{by} || size(variables.added) == 0",
                "only the Job controller makes Pods with labels of stagework",
                f"{_first_of('added')} + '; only the Job controller makes Pods with labels of "
                f"stagework: take the label away, it begins with {names.GROUP}/'",
            ),
            refusal(
                "size(variables.owners) == 0",
                "no Pod has an owner of stagework's kinds: its Job has",
            ),
            *_turn(),
        ],
    }


def _about_runs(kinds: list[str]) -> Policy:
    makers = [kind.kind for kind in MAKERS]
    of_a_maker = f"the operator makes only runs of a {' or a '.join(makers)}: with one as owner"
    of_a_pipeline = "the operator makes of that owner only runs of a Pipeline that it names"
    return {
        "name": "runs",
        "resourceRules": [rule(PIPELINEJOB.resource, "CREATE", "UPDATE")],
        "variables": [
            variable("byOperator", IS_OPERATOR),
            variable("owners", _added_owners(kinds)),
            variable("made", MADE),
            variable("ownersOfAll", all_owners()),
        ],
        "validations": [
            _only_operator("owners", "an owner", f"a {PIPELINEJOB.kind}"),
            refusal(f"!variables.made || ({is_controlled(makers)})", of_a_maker),
            refusal(f"!variables.made || {_writes_as_its_maker()}", of_a_pipeline),
        ],
    }


def _about_batches(kinds: list[str]) -> Policy:
    of_a_schedule = f"the operator makes only Batches of a {SCHEDULEDJOB.kind}: with one as owner"
    return {
        "name": "batches",
        "resourceRules": [rule(BATCH.resource, "CREATE", "UPDATE")],
        "variables": [
            variable("byOperator", IS_OPERATOR),
            variable("owners", _added_owners(kinds)),
            variable("made", MADE),
            variable("ownersOfAll", all_owners()),
        ],
        "validations": [
            _only_operator("owners", "an owner", f"a {BATCH.kind}"),
            refusal(f"!variables.made || ({is_controlled([SCHEDULEDJOB.kind])})", of_a_schedule),
        ],
    }


def _writes_as_its_maker() -> str:
    """CEL: it has stages of its own only where those could stand in what it is made of."""
    without = [kind.kind for kind in MAKERS if not kind.stages_at]
    return (
        f"!variables.ownersOfAll.exists(o, o.kind in {without}) "
        "|| (has(object.spec.pipelineRef) && !has(object.spec.stages))"
    )


# --- what is added --------------------------------------------------------------------------------


def _added_labels(path: str) -> str:
    """CEL: keys of labels of ours there that were not there, or had another value."""
    new, old = _map_at(f"object.{path}"), _map_at(f"oldObject.{path}", may_be_null=True)
    kept = "k in before && before[k] == labels[k]"
    # Each is bound by a list of one, so that it is read once.
    return f"[{new}].map(labels, [{old}].map(before, labels.filter(k, {_OURS} && !({kept}))))[0][0]"


def _added_owners(kinds: list[str]) -> str:
    """CEL: owners of our kinds that were not there, or did not control the object."""
    new = "has(object.metadata.ownerReferences) ? object.metadata.ownerReferences : []"
    old = (
        "oldObject != null && has(oldObject.metadata.ownerReferences) "
        "? oldObject.metadata.ownerReferences : []"
    )
    ours = f"o.apiVersion.startsWith('{names.GROUP}/') || o.kind in {kinds}"
    same = " && ".join(f"b.{field} == o.{field}" for field in ("uid", "kind", "name", "apiVersion"))
    controls = "(!has(o.controller) || !o.controller || (has(b.controller) && b.controller))"
    return (
        f"[{old}].map(before, ({new}).filter(o, ({ours}) "
        f"&& !before.exists(b, {same} && {controls})))[0]"
    )


def _map_at(path: str, *, may_be_null: bool = False) -> str:
    """CEL: the map at that path; empty where anything above it is absent."""
    root, first, *words = path.split(".")
    asked = [f"{root} != null"] if may_be_null else []
    above = f"{root}.{first}"
    for word in words:
        above = f"{above}.{word}"
        asked.append(f"has({above})")
    return f"{' && '.join(asked)} ? {above} : {{}}"


# --- what the operator makes ----------------------------------------------------------------------


def _shape_variables() -> list[Policy]:
    more = f"{POD}.initContainers"
    containers = f"{POD}.containers + (has({more}) ? {more} : [])"
    return [
        variable("made", MADE),
        variable("containers", containers),
        variable("volumes", f"has({POD}.volumes) ? {POD}.volumes : []"),
        variable("ownersOfAll", all_owners()),
    ]


def _shape() -> list[Policy]:
    """What the operator's account makes is a stage's Job, and has no rights of the node."""
    volumes = (
        "variables.volumes.all(v, has(v.emptyDir) || has(v.configMap) || has(v.secret) "
        "|| has(v.persistentVolumeClaim) || (has(v.projected) && has(v.projected.sources) "
        f"&& v.projected.sources.all(s, {OWN_TOKEN})))"
    )
    containers = f"variables.containers.all(c, {RESTRICTED})"
    return [
        _of_shape(_is_owned(), f"one {PIPELINEJOB.kind} as owner, and its uid as label"),
        _of_shape(_is_held(), f"the scheduling gate {names.SCHEDULING_GATE}"),
        _of_shape(is_nobody(), "a user that is not root, and nothing of the node's"),
        _of_shape(_has_no_account(), "no ServiceAccount, and no token but for the API service"),
        _of_shape(containers, "containers without privileges"),
        _of_shape(_keeps_its_token(), "no token in the container of a Files stage"),
        _of_shape(volumes, "volumes of its own namespace"),
    ]


def _is_owned() -> str:
    owner, run_uid = "variables.ownersOfAll[0]", f"'{names.LABEL_RUN_UID}'"
    return (
        f"{is_controlled([PIPELINEJOB.kind])} && {run_uid} in variables.added "
        f"&& object.metadata.labels[{run_uid}] == {owner}.uid "
        f"&& {run_uid} in variables.addedBelow "
        f"&& object.spec.template.metadata.labels[{run_uid}] == {owner}.uid"
    )


def _is_held() -> str:
    gates = f"{POD}.schedulingGates"
    return f"has({gates}) && {gates}.exists(g, g.name == '{names.SCHEDULING_GATE}')"


def _has_no_account() -> str:
    return (
        f"has({POD}.automountServiceAccountToken) && !{POD}.automountServiceAccountToken && "
        f"(!has({POD}.serviceAccountName) || {POD}.serviceAccountName in ['', 'default'])"
    )


def _keeps_its_token() -> str:
    """Where containers of ours stand beside the stage's, they alone see the token."""
    helpers = f"{POD}.initContainers"
    ours = f"has({helpers}) && {helpers}.exists(c, c.name == '{names.KEEP_CONTAINER}')"
    unseen = f"c.volumeMounts.all(m, m.name != '{names.INFO_VOLUME}')"
    return f"!({ours}) || {POD}.containers.all(c, !has(c.volumeMounts) || {unseen})"


def _of_shape(check: str, what: str) -> Policy:
    return refusal(
        f"!variables.made || variables.ofTask || ({check})",
        f"the operator makes only Jobs of stages: with {what}",
    )


# --- what the operator changes --------------------------------------------------------------------

_TURNED: Final = "variables.byOperator && request.operation == 'UPDATE'"
_FIXED_META: Final = ("finalizers", "ownerReferences")
_FIXED_SPEC: Final = (
    "activeDeadlineSeconds",
    "affinity",
    "terminationGracePeriodSeconds",
    "tolerations",
)
"""What the API server lets anybody change of a Pod besides; a node selector only grows there."""


def _turn() -> list[Policy]:
    """Of a Pod the operator's account takes its own gate, and writes what depends on the turn."""
    gates, before = _gates("object"), _gates("oldObject")
    ours = f"g.name == '{names.SCHEDULING_GATE}'"
    same_containers = f"{_same('spec', 'containers')} && {_same('spec', 'initContainers')}"
    same_spec = " && ".join(_same("spec", field) for field in _FIXED_SPEC)
    same_meta = " && ".join(_same("metadata", field) for field in _FIXED_META)
    return [
        _of_turn(f"{before}.exists(g, {ours})", "and only of one that this gate holds"),
        _of_turn(
            f"{gates} == {before} || {gates} == {before}.filter(g, !({ours}))",
            "no gate of others",
        ),
        _of_turn(same_containers, "it changes no container and no image"),
        _of_turn(same_spec, f"it changes no {', '.join(_FIXED_SPEC)}"),
        _of_turn(same_meta, f"it changes no {', '.join(_FIXED_META)}"),
        _of_turn(
            _same_but("labels", f"k == '{names.LABEL_MACHINE}'"),
            f"it changes no label but {names.LABEL_MACHINE}",
        ),
        _of_turn(
            _same_but("annotations", _OURS), f"it changes no annotation but those of {names.GROUP}"
        ),
    ]


def _gates(root: str) -> str:
    return f"{root}.spec.?schedulingGates.orValue([])"


def _same(part: str, field: str) -> str:
    """CEL: this field is what it was, or absent as it was."""
    return f"object.{part}.?{field} == oldObject.{part}.?{field}"


def _same_but(field: str, may: str) -> str:
    """CEL: entries of this map of the metadata are what they were, but for keys that may change."""
    now, before = (f"{root}.metadata.?{field}.orValue({{}})" for root in ("object", "oldObject"))
    kept = f"[{now}].all(now, before.all(k, {may} || (k in now && now[k] == before[k])))"
    new = f"{now}.all(k, {may} || k in before)"
    return f"[{before}].all(before, {kept} && {new})"


def _of_turn(check: str, what: str) -> Policy:
    return refusal(
        f"!variables.turned || ({check})", f"the operator only takes its gate off a Pod: {what}"
    )


# --- refusals -------------------------------------------------------------------------------------


def _only_operator(added: str, what: str, of: str, *, but: str = "") -> Policy:
    """`but`: CEL of what others may add, too."""
    return refusal(
        f"variables.byOperator || {but or f'size(variables.{added}) == 0'}",
        f"only stagework's operator gives {of} {what} of its own",
        f"{_first_of(added)} + '; only stagework\\'s operator gives {of} {what} of its own'",
    )


def _first_of(added: str) -> str:
    """CEL: the first of what was added, as text."""
    first = f"variables.{added}[0]"
    return f"{first}.kind + ' ' + {first}.name" if added == "owners" else first
