"""The gateway under random requests: ``python -m strava_assets_tests.fuzz --seconds 300``."""
