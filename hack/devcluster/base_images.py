"""What images start from: the public Debian, or one that was made here."""

from pathlib import Path

from hack.devcluster import versions
from hack.devcluster.commands import output, succeeds
from hack.devcluster.steps import say, step


def registry_in_reach() -> bool:
    """Tell whether the engine can ask the registry for an image that it does not have."""
    with step("is an image registry in reach?"):
        reached = succeeds(["docker", "pull", "--quiet", versions.DEBIAN_IMAGE], seconds=90)
    say(f"     {'yes: pulling public images' if reached else 'no: building what is needed'}")
    return reached


def import_root(archive: Path, repository: str) -> str:
    """Make an image of a root file system and return its name."""
    image = f"{repository}:{archive.parent.name.rpartition('-')[2]}"
    if not succeeds(["docker", "image", "inspect", image]):
        with step(f"import {image}"):
            output(["docker", "import", str(archive), image], seconds=600)
        remove_others(repository, image)
    return image


def remove_others(repository: str, kept: str) -> None:
    """Remove the images that one of ours has replaced; those in use stay."""
    listing = ["docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}", repository]
    for image in output(listing).split():
        if image != kept:
            succeeds(["docker", "image", "rm", image])
