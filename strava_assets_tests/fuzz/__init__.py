"""The gateway under random requests, and the readers under damaged files.

``python -m strava_assets_tests.fuzz --seconds 300``; ``python -m strava_assets_tests.fuzz readers --minutes 10``.
"""
