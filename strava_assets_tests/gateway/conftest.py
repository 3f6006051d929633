"""The simulated Strava of the strava tests, for those of the gateway that need one."""

from strava_assets_tests.strava.conftest import World, world

__all__ = ["World", "world"]
