"""The local server of the explorer's page."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from pathlib import Path

from upscatter.errors import OutputError
from upscatter.explorer.page import STATIC, page, prepared, warm
from upscatter.scenario.load import Scenario

ADDRESS = "127.0.0.1"
"""The server listens to this machine alone."""


def serve(
    opened: Scenario,
    port: int | None = None,
    *,
    browser: bool = True,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve the page until the process is interrupted.

    Parameters
    ----------
    opened : Scenario
        The scenario that the page opens with.
    port : int, optional
        A free one by default.
    browser : bool
        Whether to open the page in the browser.
    ready : callable, optional
        Called with the address of the page once it is served.

    Raises
    ------
    OutputError
        If Panel is not installed, or the port is in use.
    """
    pn = prepared()
    # a page that is closed while it is drawn is no reason for a warning
    logging.getLogger("bokeh.server.views.ws").setLevel(logging.ERROR)
    chosen = _free_port(port)
    address = f"http://{ADDRESS}:{chosen}"

    def made() -> object:
        given = pn.state.session_args or {}
        return page(
            opened, {key: values[-1].decode(errors="replace") for key, values in given.items()}
        )

    server = pn.io.server.get_server(
        {"/": made}, port=chosen, address=ADDRESS, show=False, start=False, title="upscatter",
        # a page of another site may not open a connection to this server
        websocket_origin=[f"{ADDRESS}:{chosen}"],
        static_dirs={STATIC: str(Path(__file__).parent / "static")},
    )  # fmt: skip
    if ready is not None:
        server.io_loop.add_callback(ready, address)
    if browser:
        server.io_loop.add_callback(server.show, "/")
    # while the browser starts, what the first page needs is loaded
    server.io_loop.add_callback(warm, opened)
    server.start()
    try:
        server.io_loop.start()
    finally:
        server.stop()


def _free_port(port: int | None) -> int:
    """A port that can be listened to: the given one, or any.

    Raises
    ------
    OutputError
        If the given one is in use.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # as the server does: a port of a server that has just ended is free
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port or 0))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise OutputError(
                f"--port {port}: cannot be listened to ({reason}); choose another, or leave it out"
            ) from None
        found: int = probe.getsockname()[1]
        return found
