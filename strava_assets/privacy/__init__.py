"""What must never leak: zones, cut shapes, visible runs, the invariants.

What belongs here: pure functions on arrays and geometries. What does not: Strava, Dagster, files'
formats, the database (``zones`` keeps its rows through named queries, nothing else does).
"""
