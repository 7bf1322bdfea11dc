"""The image of a kind node: kind's own where a registry is in reach, else made here.

Made from a Debian root file system, the files of kind's base image (they come with kind's
Go module), and Kubernetes built from its Go modules. The images that run inside the nodes
are imported at build time, so that a node needs nothing from outside when it boots.
"""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from hack.devcluster import base_images, cache, debian, go_programs, image_archive, versions
from hack.devcluster.commands import logged, output, succeeds
from hack.devcluster.engine import Engine
from hack.devcluster.errors import DevClusterError
from hack.devcluster.image_archive import InnerImage, Layer
from hack.devcluster.paths import KIND_NODE
from hack.devcluster.steps import step

CHOICE = "STAGEWORK_DEVCLUSTER_NODE_IMAGE"
"""``pull`` or ``build`` where the choice shall not be made here."""

REPOSITORY = "stagework/kind-node"
NODE_AGENT_IMAGE = "stagework.dev/devcluster/kubernetes:built"
"""The name by which the node agent's DaemonSet asks for the Kubernetes image."""

KUBERNETES_NAMES = (
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kube-proxy",
    "kubectl",
    "node-agent",
)


def ready(engine: Engine) -> str:
    """Return a node image that the engine has."""
    choice = os.environ.get(CHOICE, "")
    if choice not in ("", "pull", "build"):
        raise DevClusterError(f"{CHOICE}={choice}", f"unset {CHOICE}, or say pull or build")
    if choice != "build" and engine.tagged(versions.NODE_IMAGE):
        return versions.NODE_IMAGE
    if choice != "pull":
        image = f"{REPOSITORY}:{_fingerprint(engine)}"
        if engine.tagged(image):
            return image
        if choice == "build" or not base_images.registry_in_reach():
            _build(engine, image)
            return image
    with step("pull kind's node image", "350 MB"):
        logged("pull-node-image", ["docker", "pull", "--quiet", versions.NODE_IMAGE])
    return versions.NODE_IMAGE


def _fingerprint(engine: Engine) -> str:
    return cache.fingerprint(
        [
            versions.KUBERNETES,
            versions.KIND,
            versions.DEBIAN_SUITE,
            engine.architecture,
            KIND_NODE,
            debian.fingerprint((), "minbase"),
            Path(image_archive.__file__),
            Path(__file__),
        ]
    )


def _build(engine: Engine, image: str) -> None:
    programs = go_programs.kubernetes_programs()
    packages = debian.packages_of(KIND_NODE / "packages.txt")
    base = base_images.import_root(debian.root_archive("node", packages), f"{REPOSITORY}-base")
    inner_packages = debian.packages_of(KIND_NODE / "inner-packages.txt")
    inner_root = debian.root_archive("node-inner", inner_packages, "essential")
    with tempfile.TemporaryDirectory(prefix="kind-node-", dir=cache.folder("tmp")) as name:
        context = Path(name)
        with step("kind node image: file system"):
            _prepare_context(context, programs)
            logged(
                "build-node-image",
                [
                    "docker",
                    "build",
                    "--build-arg",
                    f"BASE_IMAGE={base}",
                    "--tag",
                    f"{image}-bare",
                    str(context),
                ],
                environment={"DOCKER_BUILDKIT": "1" if engine.buildx else "0"},
            )
        with step("kind node image: inner images"):
            archive = _write_inner_images(context, programs, inner_root, engine.architecture)
            _import_inner_images(f"{image}-bare", archive, image)
    output(["docker", "image", "rm", f"{image}-bare"])


def _prepare_context(context: Path, programs: Path) -> None:
    """Gather kind's files (kept as they are, but for what prepare-node changes) and ours."""
    files = context / "files"
    kind = go_programs.module_folder(versions.KIND_MODULE, versions.KIND)
    go_programs.copy_module_folder(kind / "images" / "base" / "files", files)
    for path in files.rglob("*"):
        executable = path.is_dir() or path.parent.name == "bin"
        path.chmod(0o755 if executable else 0o644)
    manifests = files / "kind" / "manifests"
    shutil.copytree(KIND_NODE / "manifests", manifests)
    (files / "kind" / "version").write_text(f"v{versions.KUBERNETES}")
    for name in ("Dockerfile", "prepare-node"):
        shutil.copy(KIND_NODE / name, context / name)
    shutil.copy(programs / "kube", context / "kube")


def _write_inner_images(folder: Path, programs: Path, inner_root: Path, architecture: str) -> Path:
    """Write all images that kubeadm and kind's manifests ask for."""
    kube = programs / "kube"
    listing = output(
        [
            str(kube),
            "kubeadm",
            "config",
            "images",
            "list",
            "--kubernetes-version",
            f"v{versions.KUBERNETES}",
        ]
    )
    wanted = listing.split()
    dns = tuple(tag for tag in wanted if "/coredns:" in tag)
    pause = tuple(tag for tag in wanted if "/pause:" in tag)
    rest = tuple(tag for tag in wanted if tag not in (*dns, *pause))
    links = {f"usr/local/bin/{name}": "kube" for name in KUBERNETES_NAMES}
    kubernetes = (
        Layer.of(inner_root),
        image_archive.write_layer(folder / "kube.tar", {"usr/local/bin/kube": kube}, links),
    )
    coredns = image_archive.write_layer(
        folder / "coredns.tar", {"coredns": programs / "coredns"}, {}
    )
    holder = image_archive.write_layer(folder / "pause.tar", {"pause": programs / "pause"}, {})
    archive = folder / "images.tar"
    image_archive.write_archive(
        archive,
        [
            InnerImage((*rest, NODE_AGENT_IMAGE), kubernetes),
            InnerImage(dns, (coredns,), ("/coredns",)),
            # containerd's configuration, which is kind's, names an older tag than kubeadm.
            InnerImage((*pause, "registry.k8s.io/pause:3.10"), (holder,), ("/pause",)),
        ],
        architecture,
    )
    return archive


def _import_inner_images(bare: str, archive: Path, image: str) -> None:
    """Put images into the store of a node image: run its containerd, import, commit."""
    container = f"stagework-node-build-{os.getpid()}"
    output(
        [
            *("docker", "run", "--detach", "--name", container, "--entrypoint", "sleep"),
            *("--security-opt", "seccomp=unconfined", "--network", "none"),
            *("--volume", f"{archive}:/images.tar:ro", bare, "infinity"),
        ]
    )
    try:
        output(["docker", "exec", "--detach", container, "containerd"])
        ctr = ["docker", "exec", container, "ctr", "--namespace", "k8s.io"]
        _await_containerd([*ctr, "version"])
        output([*ctr, "images", "import", "--no-unpack", "/images.tar"], seconds=300)
        end = "pkill -x containerd; while pgrep -x containerd; do sleep 0.1; done"
        output(["docker", "exec", container, "sh", "-c", end])
        entrypoint = 'ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]'
        commit = ["docker", "commit", "--change", entrypoint, "--change", "CMD []"]
        output([*commit, container, image], seconds=300)
    finally:
        subprocess.run(
            ["docker", "rm", "--force", "--volumes", container], capture_output=True, check=False
        )


def _await_containerd(ask: list[str]) -> None:
    for _ in range(100):
        if succeeds(ask):
            return
        time.sleep(0.2)
    raise DevClusterError("containerd does not answer in the node image's build container")
