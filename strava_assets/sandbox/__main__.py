"""The simulated Strava as a process: ``python -m strava_assets.sandbox``."""

from __future__ import annotations

import argparse
import contextlib
import sys
import threading
from datetime import date

from strava_assets.errors import StravaAssetsError
from strava_assets.sandbox.account import Account
from strava_assets.sandbox.athlete import UNTIL, synthetic_account
from strava_assets.sandbox.quota import READ
from strava_assets.sandbox.server import listen, make_server, make_state
from strava_assets.sandbox.state import CLIENT_ID, CLIENT_SECRET


def main(arguments: list[str] | None = None) -> int:
    """Serve until interrupted; the exit code."""
    given = _parser().parse_args(arguments)
    try:
        if given.folder:
            # the readers of files are only needed here, and slow to import
            from strava_assets.sandbox.folder import folder_account

            account = folder_account(given.folder)
        else:
            account = synthetic_account(given.seed, given.activities, given.until, given.arrived)
        state = make_state(
            account,
            given.read_limit,
            auto_approve=given.auto_approve,
            client_id=given.client_id,
            client_secret=given.client_secret,
            push_spacing=given.push_spacing,
            signing_key=given.signing_key,
            future=given.future,
        )
        listener = listen(given.host, given.port)
    except StravaAssetsError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    if not given.folder:  # whoever connects asks for the list first: it may as well be ready
        threading.Thread(target=_warm, args=(account,), name="warm", daemon=True).start()
    host, port = listener.getsockname()[:2]
    what = given.folder or f"{given.activities} invented activities"
    print(f"the simulated Strava shows {what} at http://{host}:{port} (client {state.client_id})", flush=True)
    make_server(state).run(sockets=[listener])
    return 0


def _warm(account: Account) -> None:
    with contextlib.suppress(LookupError):  # an activity may be deleted meanwhile
        for item in account.listed():
            account.detail(item.id)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("strava_assets.sandbox", description="A simulated Strava on loopback.")
    parser.add_argument("--folder", help="show real FIT, GPX and TCX files: a folder, an export, or one file")
    parser.add_argument("--seed", type=int, default=7, help="of the invented athlete")
    parser.add_argument("--activities", type=_count, default=220, help="how many are invented")
    parser.add_argument("--until", type=date.fromisoformat, default=UNTIL, help="the last day of the history")
    parser.add_argument("--arrived", type=_count, default=0, help="rides that were added in an earlier run")
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
    parser.add_argument("--port", type=int, default=0, help="0 for any free one")
    parser.add_argument("--auto-approve", action="store_true", help="consent without asking")
    parser.add_argument("--read-limit", type=_pair, default=READ, help="reads a quarter hour and a day")
    parser.add_argument("--push-spacing", type=float, default=1.0, help="seconds between attempts to push an event")
    parser.add_argument("--signing-key", default="", help="sign events with it")
    parser.add_argument("--future", action="store_true", help="behave as Strava will from June 2027")
    parser.add_argument("--client-id", default=CLIENT_ID)
    parser.add_argument("--client-secret", default=CLIENT_SECRET)
    return parser


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text} is not a number of activities")
    return number


def _pair(text: str) -> tuple[int, int]:
    try:
        quarter, day = (int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not like 100,1000") from None
    return quarter, day


if __name__ == "__main__":
    sys.exit(main())
