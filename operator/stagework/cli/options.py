"""Options that several commands share, spelled once."""

from typing import Annotated, Final

import typer

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
        help="ServiceAccount of the namespace that speaks to the API service for you; "
        "it needs the right to get (results) and create (uploads) PipelineJobs.",
    ),
]
"""Whose token is shown to the API service."""
