"""``python -m strava_assets`` is ``strava-assets``."""

from strava_assets.cli import main

if __name__ == "__main__":
    main()
