"""Installs or upgrades the chart on the dev cluster: ``python3 -m hack.devcluster.deploy``."""

import subprocess
import sys

from hack.devcluster import cluster, tools
from hack.devcluster.commands import logged, output
from hack.devcluster.errors import DevClusterError
from hack.devcluster.paths import ROOT
from hack.devcluster.steps import say, step

NAMESPACE = "stagework-system"
RELEASE = "stagework"
VALUES = ROOT / "hack" / "devcluster" / "values.yaml"
"""Which stages of the samples run where; what `more` says counts more."""
OPERATOR_IMAGE = "stagework/operator:dev"


def deploy(*more: str) -> None:
    """Install the chart and wait until both Deployments are available; `more` goes to helm."""
    environment = {"KUBECONFIG": str(cluster.kubeconfig())}
    image = _image_id()
    with step("install the chart"):
        logged(
            "helm",
            [
                *(str(tools.path_of("helm")), "upgrade", "--install", RELEASE),
                *(str(ROOT / "charts" / "stagework"), "--namespace", NAMESPACE),
                *("--create-namespace", "--wait", "--timeout", "3m"),
                *("--values", str(VALUES)),
                *("--set", "image.tag=dev"),
                # A tag that is built again does not change the manifest; the image's id does.
                *("--set-string", f"operator.podAnnotations.image-id={image}"),
                *("--set-string", f"api.podAnnotations.image-id={image}"),
                *("--take-ownership", *more),
            ],
            environment=environment,
            mend=f"kubectl get pods -n {NAMESPACE}; kubectl describe pods -n {NAMESPACE}",
        )


def _image_id() -> str:
    shown = output(["docker", "image", "inspect", "--format", "{{.Id}}", OPERATOR_IMAGE])
    return shown.strip().removeprefix("sha256:")[:16]


def main() -> int:
    """Run it from the Makefile."""
    try:
        deploy()
    except (DevClusterError, subprocess.SubprocessError) as error:
        say(f"error: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
