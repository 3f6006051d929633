"""Faults that would give a place away, kept as a table; each is planted and has to be caught by the tests it names.

``python -m strava_assets_tests.faults`` plants them one after the other. What belongs here: the faults and the
planting. What does not: the tests that catch them.
"""
