"""Reading what an athlete has on disk: the Strava bulk export, and folders of FIT, GPX and TCX files.

What belongs here: parsers that turn bytes into plain values and Arrow tables, and the import that
lands originals. What does not: Dagster, the API, anything about privacy.
"""
