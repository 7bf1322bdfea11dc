"""``python3 -m hack.devcluster COMMAND``: what the Makefile calls."""

import argparse
import contextlib
import sys
from collections.abc import Callable
from pathlib import Path

from hack.devcluster import (
    apiserver,
    board,
    cluster,
    engine,
    go_programs,
    image_spec,
    images,
    one_at_a_time,
    tools,
)
from hack.devcluster.errors import DevClusterError
from hack.devcluster.steps import say


def _up(_: argparse.Namespace) -> None:
    cluster.up()


def _down(_: argparse.Namespace) -> None:
    cluster.down()


def _kubeconfig(_: argparse.Namespace) -> None:
    say(str(cluster.kubeconfig()))


def _engine(_: argparse.Namespace) -> None:
    say(f"     {engine.ready()}")


def _engine_stop(_: argparse.Namespace) -> None:
    say("     stopped" if engine.stop() else "     no engine was started here")


def _tools(arguments: argparse.Namespace) -> None:
    if arguments.path:
        # stdout is for the caller: what is built on the way speaks on stderr.
        with contextlib.redirect_stdout(sys.stderr):
            path = tools.path_of(arguments.path)
        say(path)
        return
    for name in tools.TOOLS:
        say(f"{name}={tools.path_of(name)}")


def _images(arguments: argparse.Namespace) -> None:
    images.build_and_load(arguments.names)


def _board(arguments: argparse.Namespace) -> None:
    # stdout is for the caller: what is built on the way speaks on stderr.
    with contextlib.redirect_stdout(sys.stderr):
        path = board.modules() if arguments.modules else board.bundle()
    say(str(path))


def _programs(arguments: argparse.Namespace) -> None:
    go_programs.kubernetes_programs()
    go_programs.tool_of(go_programs.S3_SERVER)
    for folder in arguments.folders:
        go_programs.of_ours(folder.name, folder)


def _apiserver(arguments: argparse.Namespace) -> None:
    apiserver.serve(arguments.directory, controllers=arguments.controllers)


def _alone(arguments: argparse.Namespace) -> None:
    code = one_at_a_time.run(arguments.program)
    if code:
        raise SystemExit(code)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m hack.devcluster", description=__doc__)
    commands = parser.add_subparsers(required=True)

    def command(
        name: str, act: Callable[[argparse.Namespace], None], text: str
    ) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text)
        added.set_defaults(act=act)
        return added

    command("up", _up, "a kind cluster that is Ready")
    command("down", _down, "remove the kind cluster")
    command("kubeconfig", _kubeconfig, "print where the kubeconfig is")
    command("engine", _engine, "a Docker engine that answers")
    command("engine-stop", _engine_stop, "stop the engine that was started here")
    tool = command("tools", _tools, "print the paths of kind, kubectl and helm")
    tool.add_argument("--path", choices=tools.TOOLS, help="only the path of this one")
    image = command("images", _images, "build our images and load them into the cluster")
    known = ", ".join(image_spec.declared())
    image.add_argument("names", nargs="*", help=f"only these of {known}")
    page = command("board", _board, "bundle the board's page and print where it is")
    page.add_argument("--modules", action="store_true", help="only npm's packages")
    built = command("programs", _programs, "build the tests' servers, and small programs of ours")
    built.add_argument("folders", nargs="*", type=Path, help="each with a Go module")
    alone = command("alone", _alone, "run a program while no other so run has the cluster")
    alone.add_argument("program", nargs=argparse.REMAINDER, help="with its arguments")
    server = command("apiserver", _apiserver, "a bare API server, until interrupted")
    server.add_argument("directory", type=Path, help="for its data, logs and kubeconfig")
    server.add_argument("--controllers", action="store_true", help="Jobs, namespaces, collection")
    return parser


def main() -> int:
    """Run one command; a failure is one sentence and its cure, no traceback."""
    arguments = _parser().parse_args()
    try:
        arguments.act(arguments)
    except DevClusterError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
