"""Every version and public image that the dev cluster is made from, in one place."""

KUBERNETES = "1.34.4"
"""What is built where no registry is in reach; must agree with images/kind-node/go.mod."""

NODE_IMAGE = (
    "kindest/node:v1.34.11@sha256:44e222ee2132dab25ff87301682f89eb82c7880ea3a1bf543bfe9708fd08d67d"
)
"""kind's own node image of Kubernetes 1.34, as built for the version of kind below."""

KIND = "0.33.0"
HELM = "3.19.0"

KIND_MODULE = "sigs.k8s.io/kind"
HELM_COMMAND = "helm.sh/helm/v3/cmd/helm"

DEBIAN_SUITE = "bookworm"
DEBIAN_IMAGE = (
    "debian:12-slim@sha256:d5d3f9c23164ea16f31852f95bd5959aad1c5e854332fe00f7b3a20fcc9f635c"
)
"""The public base of our own images; the Dockerfiles name it too."""

PYTHON = "3.11"
"""Python of Debian 12, for which the images' wheels are fetched."""

GO = "1.26.8"
"""Fetched where no Go on the machine is new enough for the above."""

OLDEST_GO: tuple[int, int] = (1, 25)
"""What the newest of our modules asks for (images/s3-server/go.mod)."""
GO_TOOLCHAINS = {
    "x86_64": ("amd64", "30c2b1bf7dcc88d3eb0a1364e47ddd9128edb3110a30e8a0ef61cd5856b31de7"),
    "aarch64": ("arm64", "02b36b6787b3ac767668f630e2998df45a3b1f9ffee08d1bf3ef6487cd658d99"),
}
"""By the machine's name: Go's name for it, and the sha256 of the toolchain's archive."""
