"""Talking to Strava: OAuth and the token store, the client, the quota ledger, listing and landing.

What belongs here: HTTP to Strava and what is kept of its answers. What does not: Dagster, files of an
export, anything about privacy. Nothing here knows whether the other side is simulated.
"""
