"""What people may ask for, as admission policies: stages, the verbs of Interventions, a priority.

Stages can stand in several places. Whoever writes them makes the operator create Pods: only those
who may create Pods themselves may do that. The places stand with the kinds; a kind that is
forgotten here does not exist. What the operator makes of a kind with a template passes (a match
condition in the chart's policies): the right was checked when the template was written, and
`api/admission_children.py` lets the operator make runs of such kinds alone.

An Intervention asks for its verb in lower case on its target (`retry` on the PipelineJob), a
priority above 0 for `prioritize`: rights of their own, which roles grant like any other verb.

A SignIn names whoever makes it.
"""

from collections.abc import Iterable
from typing import Any, Final

from stagework.api import names
from stagework.api.kinds import DEFAULT_TARGET, KINDS, SIGN_IN, Kind, targets

SIGN_INS_POLICY: Final = "stagework-signins"
"""Name of the admission policy about SignIns, and of its binding."""


def stages_policy(kinds: Iterable[Kind] = KINDS) -> dict[str, Any]:
    """Resources to be checked and places as text; CEL: are stages written, what to do instead?"""
    holders = [kind for kind in kinds if kind.stages_at]
    places = list(dict.fromkeys(place for kind in holders for place in kind.stages_at))
    return {
        "resources": sorted(kind.plural for kind in holders),
        "places": " or ".join(places),
        "writesStages": " || ".join(_written(place, alone=len(places) == 1) for place in places),
        "advice": _advice(holders),
    }


def _written(place: str, *, alone: bool) -> str:
    """Stages stand there, and not the same ones as before."""
    new, old = _there(f"object.{place}"), _there(f"oldObject.{place}")
    changed = f"oldObject == null || !{old} || object.{place} != oldObject.{place}"
    written = f"{new} && ({changed})"
    return written if alone else f"({written})"


def _there(path: str) -> str:
    """CEL's `has` asks for the last field alone: whatever is above it must be asked for too."""
    root, spec, *words = path.split(".")
    above = f"{root}.{spec}"
    asked: list[str] = []
    for word in words:
        above = f"{above}.{word}"
        asked.append(f"has({above})")
    return asked[0] if len(asked) == 1 else f"({' && '.join(asked)})"


def _advice(holders: list[Kind]) -> str:
    *others, last = sorted(holders, key=lambda kind: kind.plural)
    asked = "".join(f"object.kind == '{kind.kind}' ? '{kind.stages_advice}' : " for kind in others)
    return f"{asked}'{last.stages_advice}'"


def verbs_policy(kinds: Iterable[Kind] = KINDS) -> dict[str, Any]:
    """CEL of an Intervention: its verb in lower case, of which resource, and may the requester?"""
    plurals = ", ".join(f"'{kind.kind}': '{kind.plural}'" for kind in targets(kinds))
    given = "has(object.spec.target.kind) && object.spec.target.kind != ''"
    return {
        "verb": "object.spec.verb.lowerAscii()",
        "resource": f"{{{plurals}}}[{given} ? object.spec.target.kind : '{DEFAULT_TARGET.kind}']",
        "mayAsk": _may("variables.resource", "object.spec.target.name", "variables.verb"),
    }


def priority_policy(kinds: Iterable[Kind] = KINDS) -> dict[str, Any]:
    """Resources to be checked; CEL: is a priority above 0 asked for, and may the requester?"""
    holders = [kind for kind in kinds if kind.priority_at]
    places = dict.fromkeys(place for kind in holders for place in kind.priority_at)
    return {
        "resources": sorted(kind.plural for kind in holders),
        "asksForMore": " || ".join(
            f"({_written(place, alone=True)} && object.{place} > 0)" for place in places
        ),
        "mayAsk": _may("request.resource.resource", "object.metadata.name", "'prioritize'"),
    }


def sign_ins_policy() -> dict[str, Any]:
    """Resource to be checked; CEL: what must be so of a SignIn that is made."""
    fields = {"username": "''", "uid": "''", "groups": "[]", "extra": "{}"}
    return {
        "resources": [SIGN_IN.plural],
        "isOneself": [_same_as_the_requesters(field, nothing) for field, nothing in fields.items()],
    }


def _same_as_the_requesters(field: str, nothing: str) -> str:
    own, given = f"object.spec.{field}", f"request.userInfo.{field}"
    return f"(has({own}) ? {own} : {nothing}) == (has({given}) ? {given} : {nothing})"


def _may(resource: str, name: str, verb: str) -> str:
    return (
        f"authorizer.group('{names.GROUP}').resource({resource})"
        f".namespace(request.namespace).name({name}).check({verb}).allowed()"
    )
