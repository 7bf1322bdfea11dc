"""`stagework board`: the board in a browser, with the rights of whoever types it."""

import webbrowser
from typing import Annotated

import typer

from stagework.cli.board_proxy import BoardProxy
from stagework.cli.commands.session import session_of
from stagework.cli.errors import CommandError
from stagework.cli.options import (
    DEFAULT_RELEASE_NAMESPACE,
    Namespace,
    ReleaseNamespace,
    ServiceAccount,
)
from stagework.cli.service import ApiService


def board(
    context: typer.Context,
    *,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port on loopback; 0: any free one.")
    ] = 0,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open it in a browser.")
    ] = True,
    namespace: Namespace = None,
    service_account: ServiceAccount = "",
    release_namespace: ReleaseNamespace = DEFAULT_RELEASE_NAMESPACE,
) -> None:
    """Show the board in a browser, with your own rights; Ctrl-C ends it.

    Nothing is exposed: a server on loopback passes on what the page asks, under an address that
    nobody else knows. You sign in to the API service in namespace -n.
    """
    session = session_of(context)
    where = session.namespace(namespace)
    service = ApiService(session.cluster, release_namespace, where, service_account)
    # What keeps a person out is said here, and not in a browser.
    service.read("/v1/me", {})
    try:
        proxy = BoardProxy(service, port)
    except OSError as error:
        raise CommandError(
            f"port {port} cannot be taken: {error.strerror}", command="stagework board"
        ) from error
    session.terminal.say(f"board: {proxy.address}")
    session.terminal.note("the address is a key: whoever has it acts with your rights. Ctrl-C ends")
    if browser:
        webbrowser.open(proxy.address)
    with proxy:
        try:
            proxy.serve_forever(poll_interval=0.2)
        except KeyboardInterrupt:
            session.terminal.say()
