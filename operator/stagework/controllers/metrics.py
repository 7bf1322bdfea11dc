"""Prometheus metrics of the operator itself; those of a kind stand beside its controller."""

from prometheus_client import CollectorRegistry, Gauge, Histogram


class Metrics:
    """What the operator does, whatever the kind; a metric's name is defined once, with its unit."""

    def __init__(self, registry: CollectorRegistry, version: str) -> None:
        self.reconcile_duration_seconds = Histogram(
            "stagework_reconcile_duration_seconds",
            "Time of one reconcile of an object, writes included.",
            buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5, 15),
            registry=registry,
        )
        self.api_request_duration_seconds = Histogram(
            "stagework_api_request_duration_seconds",
            "Time of requests to the API server; status 0 means that no answer came.",
            ["verb", "resource", "status"],
            buckets=(0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 15),
            registry=registry,
        )
        self._requests: dict[tuple[str, str, int], Histogram] = {}
        self._leader = Gauge(
            "stagework_leader", "1 while this process holds the Lease.", registry=registry
        )
        build = Gauge(
            "stagework_build_info", "Always 1; the label says it.", ["version"], registry=registry
        )
        build.labels(version).set(1)

    def on_request(self, verb: str, resource: str, status: int, seconds: float) -> None:
        """One request to the API server ended (hook of KubeApi)."""
        key = (verb, resource, status)
        child = self._requests.get(key)
        if child is None:  # looking one up by its labels costs as much as ten observations
            labelled = self.api_request_duration_seconds.labels(verb, resource, str(status))
            child = self._requests[key] = labelled
        child.observe(seconds)

    def leads(self, *, now: bool) -> None:
        """This process holds the Lease from now on, or does not any more."""
        self._leader.set(1 if now else 0)

    def reconciled(self, seconds: float) -> None:
        """One reconcile is over."""
        self.reconcile_duration_seconds.observe(seconds)
