"""`python -m hack.demo --samples manifests/samples`: what `make demo` runs once all is deployed."""

from pathlib import Path
from typing import Annotated

import typer

from hack.demo.story import DEFAULT_RUNS, Demo, show_samples
from stagework.cli.commands.session import Session
from stagework.cli.errors import CommandError
from stagework.cli.options import DEFAULT_RELEASE_NAMESPACE, Namespace, ReleaseNamespace

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command(context_settings={"help_option_names": ["-h", "--help"]})
def demo(
    context: typer.Context,
    *,
    samples: Annotated[Path, typer.Option(help="Folder with a Pipeline and PipelineJobs.")],
    run: Annotated[list[str] | None, typer.Option(help="Sample to run; may be repeated.")] = None,
    to: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("out/demo"),
    timeout: Annotated[float, typer.Option(min=1, help="Seconds for all runs together.")] = 900,
    pictures: Annotated[
        int, typer.Option(min=0, help="Pictures of the batch at the end; 0: no batch.")
    ] = 60,
    plain: Annotated[bool, typer.Option("--plain", help="Lines only, also in a terminal.")] = False,
    namespace: Namespace = None,
    release_namespace: ReleaseNamespace = DEFAULT_RELEASE_NAMESPACE,
) -> None:
    """Run the samples and show what came out."""
    session: Session = context.obj or Session.of_kubeconfig()
    wanted = tuple(run or DEFAULT_RUNS)
    try:
        where = session.namespace(namespace)
        story = Demo(samples, wanted, to, timeout, plain, pictures)
        show_samples(session, story, where, release_namespace)
    except CommandError as error:
        session.terminal.error(error)
        raise typer.Exit(error.exit_code) from error


if __name__ == "__main__":
    app(prog_name="make demo")
