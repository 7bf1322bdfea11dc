"""What the operator asked of the API server: its writes run by run, and what it reads at all."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from tests.support.fakeapi.faults import Seen
from tests.support.fakeapi.resources import (
    EVENTS,
    INTERVENTIONS,
    JOBS,
    LEASES,
    PIPELINE_JOBS,
    PODS,
    Json,
    part,
)
from tests.support.fakeapi.store import Store
from tests.surface.exact_time import ExactTime
from tests.surface.placeholders import Placeholders

_RUN_LABEL: Final = "stagework.dev/pipelinejob"
_CHANGING: Final = re.compile(r"\b(resourceVersion|continue|timeoutSeconds)=[^&]*")
_BY_THE_CLOCK: Final = re.compile(r"\b(time|rv)[+-]\d+s?")


@dataclass(frozen=True, slots=True)
class _Arrival:
    second: int
    run: str
    seen: Seen


class Journal:
    """Notes every request until it is closed; `text` tells them."""

    def __init__(self, store: Store, clock: ExactTime) -> None:
        self._store = store
        self._clock = clock
        self._arrivals: list[_Arrival] = []
        self._closed = False
        self._names = Placeholders()

    def note(self, seen: Seen) -> None:
        """One request has come."""
        if not self._closed:
            self._arrivals.append(_Arrival(self._clock.passed(), self._run_of(seen), seen))

    def close(self) -> None:
        """Whatever comes now belongs to the end of the test."""
        self._closed = True

    def text(self) -> str:
        """Sections: each run, each run's Events, what belongs to no run, the Lease, the reads.

        Runs are independent of each other, and Events are sent beside all other work: within a
        section the order is the order of arrival.
        """
        sections: dict[str, list[_Arrival]] = defaultdict(list)
        leases: list[_Arrival] = []
        for arrival in self._arrivals:
            if arrival.seen.resource is LEASES:
                leases.append(arrival)
            elif arrival.seen.is_write:
                sections[_section(arrival)].append(arrival)
        texts = [f"{title}\n\n" + self._written(sections[title]) for title in sorted(sections)]
        texts.append("Lease\n\n" + self._renewals(leases))
        texts.append("reads\n\n" + self._reads())
        return "\n\n".join(f"=== {section}" for section in texts) + "\n"

    def _written(self, arrivals: Iterable[_Arrival]) -> str:
        return "\n".join(f"+{known.second}s {self._write(known.seen)}" for known in arrivals)

    def _renewals(self, arrivals: Iterable[_Arrival]) -> str:
        """Renewals come by the clock: each kind of write once in a row, without its times."""
        writes = [self._write(known.seen) for known in arrivals if known.seen.is_write]
        timeless = [_BY_THE_CLOCK.sub(r"\1", text) for text in writes]
        return "\n".join(text for text, _ in groupby(timeless))

    def _write(self, seen: Seen) -> str:
        body = json.dumps(seen.json(), indent=1, sort_keys=True, ensure_ascii=False)
        head = f"{seen.verb} {_path(seen)} {seen.content_type} -> {seen.status or 'no answer'}"
        return self._names.replace(f"{head}\n{body}")

    def _reads(self) -> str:
        lines = {
            f"{known.seen.verb} {_path(known.seen)}"
            for known in self._arrivals
            if not known.seen.is_write
        }
        return "\n".join(sorted({self._names.replace(text) for text in sorted(lines)}))

    def _run_of(self, seen: Seen) -> str:
        """Name of the run that it is about; empty where it is about none."""
        if seen.resource is PIPELINE_JOBS:
            return seen.name
        if seen.resource is EVENTS:
            return part(_body(seen), "involvedObject").get("name", "")
        if seen.resource not in {JOBS, PODS, INTERVENTIONS}:
            return ""
        about = _body(seen) if seen.verb == "POST" else self._stored(seen)
        if seen.resource is INTERVENTIONS:
            return part(about, "spec", "target").get("name", "")
        return part(about, "metadata", "labels").get(_RUN_LABEL, "")

    def _stored(self, seen: Seen) -> Json:
        stored = self._store.tables[seen.resource].objects.get((seen.namespace, seen.name))
        return stored.data if stored is not None else {}


def _section(arrival: _Arrival) -> str:
    title = f"run {arrival.run}" if arrival.run else "no run"
    return f"{title}, Events" if arrival.seen.resource is EVENTS else title


def _body(seen: Seen) -> Json:
    return seen.json() if seen.body else {}


def _path(seen: Seen) -> str:
    path = seen.resource.path(seen.namespace, seen.name, seen.subresource)
    query = "&".join(sorted(_CHANGING.sub(r"\1=*", seen.query).split("&")))
    return f"{path}?{query}" if query else path
