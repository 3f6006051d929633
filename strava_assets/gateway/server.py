"""Running the gateway: a port, and uvicorn on it.

What belongs here: binding and logging. What does not: answers (``app``).
"""

from __future__ import annotations

import logging
import socket

from strava_assets.database.connection import open_database
from strava_assets.errors import SettingsError
from strava_assets.settings import Settings


def serve(settings: Settings) -> None:
    """Serve until told to stop.

    Parameters
    ----------
    settings : Settings
        ``host`` and ``port`` say where.

    Raises
    ------
    SettingsError
        The port is in use, or may not be used.
    DatabaseUnavailable
    """
    import uvicorn

    from strava_assets.gateway.app import create_app

    listening = listen(settings.host, settings.port)
    database = open_database(settings)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # no access log: paths and queries hold the webhook's token and OAuth codes
    config = uvicorn.Config(
        create_app(settings, database),
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=10,
        h11_max_incomplete_event_size=32_768,
    )
    uvicorn.Server(config).run(sockets=[listening])


def listen(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises
    ------
    SettingsError
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise SettingsError(
            f"the gateway cannot use port {port} on {host} ({error.strerror or error}); "
            "set STRAVA_ASSETS_PORT to a free one"
        ) from None
    listening.listen(1024)
    return listening
