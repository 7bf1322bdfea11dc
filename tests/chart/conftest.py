"""The chart as it is rendered with its own values, once for all tests."""

import pytest

from tests.chart.rendered import Rendered, render


@pytest.fixture(scope="session")
def chart() -> Rendered:
    """Everything with the chart's own values."""
    return render()


@pytest.fixture(scope="session")
def everything() -> Rendered:
    """Everything with all that is optional turned on."""
    return render(
        {
            "operator": {"replicas": 2},
            "podDisruptionBudget": {"enabled": True},
            "podMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
            "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
            "prometheusRule": {"enabled": True},
            "grafanaDashboard": {"enabled": True},
            "kubeStateMetrics": {"enabled": True},
            "networkPolicy": {"enabled": True},
        }
    )
