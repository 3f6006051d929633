"""Running the gateway: a port, and uvicorn on it.

What belongs here: binding and logging. What does not: answers (``app``).
"""

from __future__ import annotations

import logging
import socket

import uvicorn

from strava_assets.database.connection import Database, open_database
from strava_assets.errors import SettingsError
from strava_assets.settings import Settings

#: Seconds that an idle connection is kept; a proxy in front should let go of it earlier.
KEEP_ALIVE = 15


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
    listening = listen(settings.host, settings.port)
    database = open_database(settings)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    make_server(settings, database).run(sockets=[listening])


def make_server(settings: Settings, database: Database) -> uvicorn.Server:
    """uvicorn over the gateway, on uvloop and httptools."""
    from strava_assets.gateway.app import create_app
    from strava_assets.gateway.protocol import GuardedProtocol

    # strangers could fill the disk with what uvicorn says of each line that is no HTTP
    logging.getLogger("uvicorn.error").addFilter(_is_no_stranger_s)
    return uvicorn.Server(
        uvicorn.Config(
            create_app(settings, database),
            loop="uvloop",
            http=GuardedProtocol,
            ws="none",
            lifespan="on",
            access_log=False,
            log_config=None,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=10,
        )
    )


def _is_no_stranger_s(record: logging.LogRecord) -> bool:
    return record.getMessage() != "Invalid HTTP request received."


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
