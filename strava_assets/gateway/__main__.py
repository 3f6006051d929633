"""``python -m strava_assets.gateway``: the gateway as a process of its own."""

from __future__ import annotations

import sys

from strava_assets.errors import StravaAssetsError
from strava_assets.gateway.server import serve
from strava_assets.settings import load

if __name__ == "__main__":
    try:
        serve(load())
    except StravaAssetsError as error:
        print(f"strava-assets: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
