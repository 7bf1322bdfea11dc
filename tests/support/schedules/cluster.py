"""A cluster in memory that keeps ScheduledJobs as the API server does."""

from typing import Any

from stagework.cli.cluster import Answer
from tests.support.fakeapi.patches import merge
from tests.unit.cli.fakecluster import GROUP, FakeCluster, Request, ok

WHERE = f"{GROUP}/namespaces/default/scheduledjobs"


class ScheduleCluster(FakeCluster):
    """Merges patches, lists, and heeds dry runs."""

    def put(self, name: str, when: dict[str, Any], **parts: Any) -> dict[str, Any]:
        """A schedule as somebody has applied it."""
        body: dict[str, Any] = {
            "metadata": {"name": name, "namespace": "default", "uid": f"uid-of-{name}"},
            "spec": {
                "schedule": when,
                "template": {"pipelineJob": {"pipelineRef": {"name": "report"}}},
            },
        }
        self.objects[f"{WHERE}/{name}"] = merge(body, parts)
        return self.objects[f"{WHERE}/{name}"]

    def stored(self, name: str) -> dict[str, Any]:
        """As it is now."""
        return self.objects[f"{WHERE}/{name}"]

    def _stored(self, request: Request) -> Answer:
        known = self.objects.get(request.path)
        if request.method == "GET" and request.path.endswith("/scheduledjobs"):
            listed = [body for path, body in self.objects.items() if path.startswith(f"{WHERE}/")]
            return ok({"metadata": {}, "items": listed})
        if request.query.get("dryRun") and request.method != "POST":
            return super()._stored(request) if known is None else ok(known)
        if request.query.get("dryRun"):
            return ok(request.json, 201)
        if request.method == "PATCH" and known is not None:
            is_json = "json-patch" in request.headers["Content-Type"]
            change = request.json
            changed = {**known, "spec": change[0]["value"]} if is_json else merge(known, change)
            self.objects[request.path] = changed
            return ok(changed)
        if request.method == "PATCH":
            return super()._stored(Request("GET", request.path, {}, {}, b""))
        return super()._stored(request)
