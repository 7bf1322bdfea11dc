"""Who may make what belongs to a run, as admission policies: Jobs, Pods and runs that are children.

What a child says of itself proves nothing, and the operator does not go by it. These policies keep
forgers away besides: whoever may create Jobs cannot make one that looks like a stage's, and the
operator's account, which may create Jobs and runs and change Pods in every namespace, can make
nothing but stages and the runs of Batches and of templates, and can but take its gate off a Pod.

Only what is *added* is asked about: the garbage collector takes owners away, people take labels
away, the kubelet and the Job controller write objects that they have not made.

The chart gives two variables to each: `operator`, the name of the operator's account, and
`jobControllers`, the names that the Job controller may have.
"""

from collections.abc import Iterable
from typing import Any, Final

from stagework.api import names
from stagework.api.kinds import BATCH, PIPELINEJOB, SCHEDULEDJOB, Kind
from stagework.api.resources import JOBS, PODS, ApiResource

Policy = dict[str, Any]

MAKERS: Final = (BATCH, SCHEDULEDJOB)
"""Kinds of which the operator makes runs: who may write one was asked then."""
OWNERS: Final = (PIPELINEJOB, *MAKERS)
"""Kinds whose children the operator makes. They count under any API group: the garbage collector
leaves alone what has an owner of a group that it does not know. Our other kinds count in our group
only, since others own Jobs too (`Pipeline` is a kind of several projects)."""

_OURS: Final = f"k.startsWith('{names.GROUP}/')"
_IS_OPERATOR: Final = "request.userInfo.username == variables.operator"
_IS_JOB_CONTROLLER: Final = "request.userInfo.username in variables.jobControllers"


def children_policies(owners: Iterable[Kind] = OWNERS) -> list[Policy]:
    """The policies, each with its name, what it is asked about, variables and validations."""
    kinds = [kind.kind for kind in owners]
    return [_about_jobs(kinds), _about_pods(kinds), _about_runs(kinds)]


def _about_jobs(kinds: list[str]) -> Policy:
    template = "spec.template.metadata.labels"
    variables = [
        _variable("byOperator", _IS_OPERATOR),
        _variable("added", _added_labels("metadata.labels")),
        _variable("addedBelow", _added_labels(template)),
        _variable("owners", _added_owners(kinds)),
    ]
    return {
        "name": "jobs",
        "resourceRules": [_rule(JOBS, "CREATE", "UPDATE"), _rule(JOBS, "UPDATE", "status")],
        "variables": [*variables, *_shape_variables()],
        "validations": [
            _only_operator("added", "labels", "a Job"),
            _only_operator("addedBelow", "labels", "the Pods of a Job"),
            _only_operator("owners", "an owner", "a Job"),
            *_shape(),
        ],
    }


def _about_pods(kinds: list[str]) -> Policy:
    # The gate is removed together with the label of the class that the stage's turn came on.
    turn = f"variables.byOperator && variables.added == ['{names.LABEL_MACHINE}']"
    by = f"variables.byJobController || ({turn} && request.operation == 'UPDATE')"
    return {
        "name": "pods",
        "resourceRules": [_rule(PODS, "CREATE", "UPDATE"), _rule(PODS, "UPDATE", "status")],
        "variables": [
            _variable("byJobController", _IS_JOB_CONTROLLER),
            _variable("byOperator", _IS_OPERATOR),
            _variable("added", _added_labels("metadata.labels")),
            _variable("owners", _added_owners(kinds)),
            _variable("turned", _TURNED),
        ],
        "validations": [
            _refusal(
                f"{by} || size(variables.added) == 0",
                "only the Job controller makes Pods with labels of stagework",
                f"{_first_of('added')} + '; only the Job controller makes Pods with labels of "
                f"stagework: take the label away, it begins with {names.GROUP}/'",
            ),
            _refusal(
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
        "resourceRules": [_rule(PIPELINEJOB.resource, "CREATE", "UPDATE")],
        "variables": [
            _variable("byOperator", _IS_OPERATOR),
            _variable("owners", _added_owners(kinds)),
            _variable("made", _MADE),
            _variable("ownersOfAll", _all_owners()),
        ],
        "validations": [
            _only_operator("owners", "an owner", f"a {PIPELINEJOB.kind}"),
            _refusal(f"!variables.made || ({_is_controlled(makers)})", of_a_maker),
            _refusal(f"!variables.made || {_writes_as_its_maker()}", of_a_pipeline),
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

_MADE: Final = "variables.byOperator && request.operation == 'CREATE'"
_POD: Final = "object.spec.template.spec"
_RESTRICTED: Final = (
    "has(c.securityContext) && has(c.securityContext.allowPrivilegeEscalation) "
    "&& !c.securityContext.allowPrivilegeEscalation "
    "&& (!has(c.securityContext.privileged) || !c.securityContext.privileged) "
    "&& (!has(c.securityContext.runAsUser) || c.securityContext.runAsUser != 0) "
    "&& (!has(c.securityContext.runAsNonRoot) || c.securityContext.runAsNonRoot) "
    "&& (!has(c.securityContext.procMount) || c.securityContext.procMount == 'Default') "
    "&& (!has(c.securityContext.seccompProfile) "
    "|| c.securityContext.seccompProfile.type != 'Unconfined') "
    "&& has(c.securityContext.capabilities) && has(c.securityContext.capabilities.drop) "
    "&& 'ALL' in c.securityContext.capabilities.drop "
    "&& !has(c.securityContext.capabilities.add) "
    "&& (!has(c.ports) || c.ports.all(p, !has(p.hostPort)))"
)
_OWN_TOKEN: Final = (
    "has(s.downwardAPI) || has(s.configMap) || (has(s.serviceAccountToken) "
    "&& has(s.serviceAccountToken.audience) "
    f"&& s.serviceAccountToken.audience == '{names.TOKEN_AUDIENCE}')"
)


def _shape_variables() -> list[Policy]:
    more = f"{_POD}.initContainers"
    containers = f"{_POD}.containers + (has({more}) ? {more} : [])"
    return [
        _variable("made", _MADE),
        _variable("containers", containers),
        _variable("volumes", f"has({_POD}.volumes) ? {_POD}.volumes : []"),
        _variable("ownersOfAll", _all_owners()),
    ]


def _all_owners() -> str:
    return "has(object.metadata.ownerReferences) ? object.metadata.ownerReferences : []"


def _shape() -> list[Policy]:
    """What the operator's account makes is a stage's Job, and has no rights of the node."""
    volumes = (
        "variables.volumes.all(v, has(v.emptyDir) || has(v.configMap) || has(v.secret) "
        "|| has(v.persistentVolumeClaim) || (has(v.projected) && has(v.projected.sources) "
        f"&& v.projected.sources.all(s, {_OWN_TOKEN})))"
    )
    containers = f"variables.containers.all(c, {_RESTRICTED})"
    return [
        _of_shape(_is_owned(), f"one {PIPELINEJOB.kind} as owner, and its uid as label"),
        _of_shape(_is_held(), f"the scheduling gate {names.SCHEDULING_GATE}"),
        _of_shape(_is_nobody(), "a user that is not root, and nothing of the node's"),
        _of_shape(_has_no_account(), "no ServiceAccount, and no token but for the API service"),
        _of_shape(containers, "containers without privileges"),
        _of_shape(_keeps_its_token(), "no token in the container of a Files stage"),
        _of_shape(volumes, "volumes of its own namespace"),
    ]


def _is_owned() -> str:
    owner, run_uid = "variables.ownersOfAll[0]", f"'{names.LABEL_RUN_UID}'"
    return (
        f"{_is_controlled([PIPELINEJOB.kind])} && {run_uid} in variables.added "
        f"&& object.metadata.labels[{run_uid}] == {owner}.uid "
        f"&& {run_uid} in variables.addedBelow "
        f"&& object.spec.template.metadata.labels[{run_uid}] == {owner}.uid"
    )


def _is_controlled(kinds: list[str]) -> str:
    owner = "variables.ownersOfAll[0]"
    return (
        f"size(variables.ownersOfAll) == 1 && {owner}.apiVersion == '{names.API_VERSION}' "
        f"&& {owner}.kind in {kinds} && has({owner}.controller) && {owner}.controller"
    )


def _is_held() -> str:
    gates = f"{_POD}.schedulingGates"
    return f"has({gates}) && {gates}.exists(g, g.name == '{names.SCHEDULING_GATE}')"


def _is_nobody() -> str:
    security = f"{_POD}.securityContext"
    of_the_node = (f"{_POD}.{field}" for field in ("hostNetwork", "hostPID", "hostIPC"))
    host = " && ".join(f"(!has({field}) || !{field})" for field in of_the_node)
    return (
        f"{host} && has({security}) && has({security}.runAsNonRoot) && {security}.runAsNonRoot "
        f"&& !has({security}.sysctls) "
        f"&& (!has({security}.runAsUser) || {security}.runAsUser != 0)"
    )


def _has_no_account() -> str:
    return (
        f"has({_POD}.automountServiceAccountToken) && !{_POD}.automountServiceAccountToken && "
        f"(!has({_POD}.serviceAccountName) || {_POD}.serviceAccountName in ['', 'default'])"
    )


def _keeps_its_token() -> str:
    """Where containers of ours stand beside the stage's, they alone see the token."""
    helpers = f"{_POD}.initContainers"
    ours = f"has({helpers}) && {helpers}.exists(c, c.name == '{names.KEEP_CONTAINER}')"
    unseen = f"c.volumeMounts.all(m, m.name != '{names.INFO_VOLUME}')"
    return f"!({ours}) || {_POD}.containers.all(c, !has(c.volumeMounts) || {unseen})"


def _of_shape(check: str, what: str) -> Policy:
    return _refusal(
        f"!variables.made || ({check})", f"the operator makes only Jobs of stages: with {what}"
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
    return _refusal(
        f"!variables.turned || ({check})", f"the operator only takes its gate off a Pod: {what}"
    )


# --- parts of a policy ----------------------------------------------------------------------------


def _rule(resource: ApiResource, *words: str) -> Policy:
    """Asked at these operations; the last word may be a subresource."""
    operations = [word for word in words if word.isupper()]
    subresource = "".join(f"/{word}" for word in words if not word.isupper())
    return {
        "apiGroups": [resource.group],
        "apiVersions": [resource.version],
        "operations": operations,
        "resources": [f"{resource.plural}{subresource}"],
    }


def _variable(name: str, expression: str) -> Policy:
    return {"name": name, "expression": expression}


def _only_operator(variable: str, what: str, of: str) -> Policy:
    return _refusal(
        f"variables.byOperator || size(variables.{variable}) == 0",
        f"only stagework's operator gives {of} {what} of its own",
        f"{_first_of(variable)} + '; only stagework\\'s operator gives {of} {what} of its own'",
    )


def _first_of(variable: str) -> str:
    """CEL: the first of what was added, as text."""
    first = f"variables.{variable}[0]"
    return f"{first}.kind + ' ' + {first}.name" if variable == "owners" else first


def _refusal(check: str, message: str, said: str = "") -> Policy:
    policy: Policy = {"expression": check, "reason": "Forbidden", "message": message}
    return {**policy, "messageExpression": said} if said else policy
