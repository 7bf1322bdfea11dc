"""`stagework upload`: give a run a file of one's own to work on."""

import hashlib
from pathlib import Path
from typing import Annotated

import typer

from stagework.cli.commands.session import session_of
from stagework.cli.errors import CommandError
from stagework.cli.options import (
    DEFAULT_RELEASE_NAMESPACE,
    Namespace,
    ReleaseNamespace,
    ServiceAccount,
)
from stagework.cli.service import ApiService

MAX_NAME = 200
"""Longest file name that the store takes."""


def upload(
    context: typer.Context,
    *,
    file: Annotated[Path, typer.Argument(help="File to upload.")],
    namespace: Namespace = None,
    service_account: ServiceAccount = "",
    release_namespace: ReleaseNamespace = DEFAULT_RELEASE_NAMESPACE,
) -> None:
    """Upload a file and print the address that a PipelineJob's `input` takes.

    You need the right to create PipelineJobs in the namespace, as the role stagework-edit has it.
    """
    session = session_of(context)
    service = ApiService(
        session.cluster, release_namespace, session.namespace(namespace), service_account
    )
    uri = store(service, file)
    session.terminal.say(uri)
    session.terminal.say()
    session.terminal.say("In a PipelineJob of this namespace:")
    session.terminal.say("spec:")
    session.terminal.say("  input:")
    session.terminal.say(f"    uri: {uri}")


def store(service: ApiService, file: Path) -> str:
    """Upload a file; raises CommandError with what is wrong with it."""
    listing = f"ls -l {file}"
    if len(file.name) > MAX_NAME:
        raise CommandError(f"the name of {file} is longer than {MAX_NAME} letters: rename it")
    try:
        with file.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
        size = file.stat().st_size
    except OSError as error:
        raise CommandError(f"cannot read {file}: {error.strerror}", command=listing) from error
    if size == 0:
        raise CommandError(f"{file} is empty", command=listing)
    return service.upload(file.name, file, digest)
