"""The way out: encoders of the public files, their decoders, and the gate that proves them.

What belongs here: CSV, TopoJSON, summaries, the index, and the one module that writes under the
public root. What does not: Dagster, Strava, deciding what is private (that is ``privacy``).
"""
