"""Options that several commands share, spelled once."""

from enum import StrEnum
from typing import Annotated, Final

import typer


class JsonFormat(StrEnum):
    """`-o`, of a command that has no other form than JSON beside its own text."""

    json = "json"


Run = Annotated[str, typer.Argument(metavar="NAME", help="The run.")]
"""The run that a command is about."""
Namespace = Annotated[
    str | None,
    typer.Option("--namespace", "-n", help="Namespace; the kubeconfig context's by default."),
]
"""`-n`, with kubectl's meaning."""
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen; write nothing.")]
"""`--dry-run`."""
Reason = Annotated[str, typer.Option("--reason", help="Why; kept in the history.")]
"""`--reason`."""
ReleaseNamespace = Annotated[
    str,
    typer.Option(
        "--release-namespace",
        envvar="STAGEWORK_RELEASE_NAMESPACE",
        help="Namespace of the Helm release.",
    ),
]
"""Where operator and API service run."""
DEFAULT_RELEASE_NAMESPACE: Final = "stagework-system"
"""The chart's namespace where nobody chose another."""
ServiceAccount = Annotated[
    str,
    typer.Option(
        "--service-account",
        help="ServiceAccount of the namespace that speaks to the API service in your place, "
        "with its rights; by default you do, with yours.",
        show_default=False,
    ),
]
"""Whose token is shown to the API service; empty: the person signs in."""
Everywhere = Annotated[bool, typer.Option("--all-namespaces", "-A", help="Runs of all namespaces.")]
"""`-A`, with kubectl's meaning."""
OfPipeline = Annotated[str | None, typer.Option("--pipeline", help="Runs of this Pipeline alone.")]
"""`--pipeline`."""
Tenant = Annotated[str | None, typer.Option("--tenant", help="Runs of this tenant alone.")]
"""`--tenant`."""
Since = Annotated[
    str | None,
    typer.Option("--since", help="How long ago at most, such as 24h or 7d; or a time."),
]
"""`--since`."""
Failed = Annotated[
    bool, typer.Option("--failed", help="Stages that have failed, also of runs that are gone.")
]
"""`--failed`."""
